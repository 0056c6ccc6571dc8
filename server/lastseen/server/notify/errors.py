"""Why a message could not be sent, and whether trying again can help."""


class TransportError(Exception):
    """A message was not taken.

    Its sentence never shows a secret: it is logged and kept.

    Attributes:
        permanent: Trying again cannot help until somebody mends the channel.
        retry_after: Seconds that the receiver asks us to wait; None where it does not.
        too_large: This message is more than the receiver ever takes at once; it takes others.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        retry_after: float | None = None,
        too_large: bool = False,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after
        self.too_large = too_large
