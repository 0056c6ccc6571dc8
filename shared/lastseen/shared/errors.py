"""What can be wrong with bytes that came over the wire, by how much of them can still be trusted.

    WireError
     +-- FrameTooLong     the announced length passes the limit: the stream cannot go on
     +-- Unreadable       a frame that is no MessagePack (or JSON) map: not our protocol
     +-- UnknownType      a well-formed message of a type we do not know: answer, and go on
     +-- BadMessage       a known type with a field that does not fit: answer, and go on

Only the first two end a link.
"""


class WireError(Exception):
    """Anything wrong with what a peer sent.

    Attributes:
        code: The machine-readable word that an `error` message carries.
        request_id: The request the peer may be waiting on, where one could be read.
    """

    code = "protocol_error"

    def __init__(self, message: str, *, request_id: int | None = None) -> None:
        super().__init__(message)
        self.request_id = request_id


class FrameTooLong(WireError):
    """A frame announces more bytes than the limit; raised before one of them is read."""

    code = "frame_too_long"


class Unreadable(WireError):
    """A frame whose bytes are not one well-formed map."""

    code = "unreadable"


class UnknownType(WireError):
    """A map whose `type` names no message that we know. Versions may differ: not fatal."""

    code = "unknown_type"


class BadMessage(WireError):
    """A known message with a missing field, or a field of the wrong shape. Not fatal."""

    code = "bad_message"
