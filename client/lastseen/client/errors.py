"""What can go wrong for a program that is present, by what it can do about it.

LastseenError
 +-- ConnectFailed    the server could not be reached, or did not answer as one: try later
 +-- Refused          the server understood and said no: read `code`, change the request
 +-- LinkLost         the link broke under a request, or there is none now: it reconnects by itself
 +-- Ended            the server said goodbye for good: the presence is over
"""


class LastseenError(Exception):
    """Anything this library raises on account of the server or the network."""


class ConnectFailed(LastseenError):
    """No link could be made; the sentence names the address and the cause.

    Attributes:
        absent: Nobody is there: the connection was refused, or there is no such host.
    """

    def __init__(self, sentence: str, *, absent: bool = False) -> None:
        super().__init__(sentence)
        self.absent = absent


class Refused(LastseenError):
    """The server answered with an `error`.

    Attributes:
        code: The machine-readable word, as in docs/protocol.md.
        message: The server's sentence.
        retry_after: After how many seconds trying again may help, where the server said so.
    """

    def __init__(self, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message
        self.retry_after = retry_after


class LinkLost(LastseenError):
    """A request has no link, lost it, or was not answered in time."""


class Ended(LastseenError):
    """The server said goodbye, and that coming back cannot help.

    Attributes:
        reason: The `reason` of the goodbye, such as `replaced`.
        message: The server's sentence about the cause and what to do; empty if it sent none.
    """

    def __init__(self, reason: str, message: str = "") -> None:
        told = f": {message}" if message else ""
        super().__init__(f"the server ended this session for good: {reason}{told}")
        self.reason = reason
        self.message = message
