"""The opening handshake of a WebSocket, sans-IO: an HTTP request in, a response out.

The library judges the request. It is asked once the whole head is there, and forgotten afterwards:
its object costs 4 KB, as much as all else that an idle client needs.
"""

import math
from collections.abc import Sequence
from http import HTTPStatus

from msgspec import Struct
from websockets.datastructures import MultipleValuesError
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from lastseen.server.links.codecs import JSON, Codec, codec_of
from lastseen.server.links.origins import Origins
from lastseen.server.permissions import ANONYMOUS, Principal

HEAD_LIMIT = 16 * 1024
"""Longest head of a request, in bytes: room for a browser's cookies."""

_END = b"\r\n\r\n"
_LOWEST, _HIGHEST = b"A"[0], b"Z"[0]


class House(Struct, frozen=True):
    """What a server expects of those who come.

    Attributes:
        path: Of the one resource that there is.
        origins: Which pages may come.
    """

    path: str
    origins: Origins


class Verdict(Struct, frozen=True):
    """What became of a request.

    Attributes:
        response: To be sent.
        codec: The format that the link will speak; None: it was refused.
        rest: Bytes that came behind the head.
        why: The sentence of a refusal.
        principal: Who the peer is.
    """

    response: bytes
    codec: Codec | None
    rest: bytes = b""
    why: str = ""
    principal: Principal = ANONYMOUS


def judge(head: bytes, house: House) -> Verdict | None:
    """What becomes of a request of which this much has come; None: more is needed."""
    end = head.find(_END)
    if 0 <= end <= HEAD_LIMIT - len(_END):
        end += len(_END)
        return _answer(head[:end], head[end:], house)
    if len(head) >= HEAD_LIMIT:
        sentence = f"the head of a request may have {HEAD_LIMIT} bytes"
        return refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, sentence)
    if head and not _LOWEST <= head[0] <= _HIGHEST:
        return refuse(HTTPStatus.BAD_REQUEST, "expected an HTTP request")
    return None


def refuse(status: HTTPStatus, sentence: str, retry_after: float | None = None) -> Verdict:
    """A refusal, with the sentence as its body. `retry_after`: seconds."""
    response = ServerProtocol().reject(status, f"{sentence}\n")
    if retry_after is not None:
        response.headers["Retry-After"] = str(math.ceil(retry_after))
    return Verdict(response.serialize(), None, why=sentence)


def _answer(head: bytes, rest: bytes, house: House) -> Verdict:
    library = ServerProtocol(select_subprotocol=_select)
    library.receive_data(head)
    events = library.events_received()
    request = events[0] if events else None
    if not isinstance(request, Request):
        response = b"".join(library.data_to_send())  # it has refused what it understood
        if response:
            return Verdict(response, None, why=str(library.handshake_exc))
        return refuse(HTTPStatus.BAD_REQUEST, "expected a well-formed HTTP request")
    refusal = _refusal(request, house)
    if refusal is not None:
        return refusal
    response_to = library.accept(request)
    if response_to.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
        return Verdict(response_to.serialize(), None, why=_sentence(response_to))
    codec = codec_of((library.subprotocol,)) if library.subprotocol else JSON
    principal = house.origins.principal(request.headers.get("Origin"))
    return Verdict(response_to.serialize(), codec, rest, principal=principal)


def _refusal(request: Request, house: House) -> Verdict | None:
    """What the library does not look at."""
    path = request.path.partition("?")[0]
    if path != house.path:
        return refuse(HTTPStatus.NOT_FOUND, f"there is only {house.path} here")
    try:
        origin, host = request.headers.get("Origin"), request.headers.get("Host", "")
    except MultipleValuesError as error:
        return refuse(HTTPStatus.BAD_REQUEST, f"expected one header {error.args[0]}")
    refusal = house.origins.refusal(origin, host)
    return None if refusal is None else refuse(*refusal)


def _select(_library: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    codec = codec_of(offered)
    return None if codec is None else Subprotocol(codec.subprotocol)


def _sentence(response: Response) -> str:
    return response.body.decode().partition("\n")[0]
