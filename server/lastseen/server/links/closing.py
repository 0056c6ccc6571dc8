"""How a WebSocket ends: the close code of each reason, and what a goodbye is in HTTP before there
is a WebSocket. The codes are those of docs/protocol.md.
"""

from http import HTTPStatus

from websockets.frames import Close, CloseCode, Frame, Opcode

from lastseen.server.links.handshake import refuse
from lastseen.shared.messages import Goodbye

CLOSE_CODES = {
    "left": CloseCode.NORMAL_CLOSURE,
    "shutdown": CloseCode.GOING_AWAY,
    "unreadable": CloseCode.INVALID_DATA,
    "too_fast": CloseCode.POLICY_VIOLATION,
    "frame_too_long": CloseCode.MESSAGE_TOO_BIG,
    "internal_error": CloseCode.INTERNAL_ERROR,
    "replaced": 4001,
    "duplicate_client": 4002,
    "idle": 4003,
    "slow": 4004,
    "server_full": 4005,
    "too_many_connections": 4006,
    "unsupported_protocol": 4007,
    "timeout": 4008,
    "kicked": 4009,
    "too_many_sessions": 4010,
    "id_contested": 4011,
}
"""The close code for each reason of a goodbye (docs/protocol.md)."""

OTHER_REASON = 4000

CLOSE_TEXTS = {"timeout": "heartbeat timeout"}
"""What the close frame says where that is not the reason itself."""

STATUSES = {
    "idle": HTTPStatus.REQUEST_TIMEOUT,
    "too_many_connections": HTTPStatus.TOO_MANY_REQUESTS,
    "internal_error": HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The HTTP status of a goodbye to one whose handshake is not over; of all others, 503."""

LEAVING = (CloseCode.NORMAL_CLOSURE, CloseCode.GOING_AWAY, CloseCode.NO_STATUS_RCVD)
"""Close codes by which a peer goes on purpose: `close()`, a tab closed, a page left."""


def closing_frame(reason: str, code: int | None = None) -> bytes:
    """The frame that closes for this reason; `code` where one says more than the reason does."""
    close = Close(code or CLOSE_CODES.get(reason, OTHER_REASON), CLOSE_TEXTS.get(reason, reason))
    return Frame(Opcode.CLOSE, close.serialize()).serialize(mask=False)


def goodbye_as_http(goodbye: Goodbye, why: str = "") -> bytes:
    """Encode a goodbye to one whose handshake is not over; `why` is the sentence of a refusal."""
    status = STATUSES.get(goodbye.reason, HTTPStatus.SERVICE_UNAVAILABLE)
    body = f"{goodbye.reason}: {why}" if why else f"goodbye: {goodbye.reason}"
    return refuse(status, body, goodbye.retry_after).response
