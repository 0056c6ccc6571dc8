"""Messages to bytes and back: MessagePack, in frames or alone, and JSON.

Whatever the bytes, decoding gives a message or one of the errors of `errors`, and nothing else.
"""

from types import ModuleType
from typing import Any, Generic, TypeVar, cast, get_args

import msgspec

from lastseen.shared.errors import BadMessage, UnknownType, Unreadable, WireError
from lastseen.shared.explain import explain, shown
from lastseen.shared.framing import frame
from lastseen.shared.messages import Message, Ping, Pong, RequestId, ToClient, ToServer

# What msgspec lets escape on hostile bytes besides its own errors, more or less by version: text
# that is not UTF-8 (a ValueError), nesting deeper than the interpreter's stack, numbers out of
# range, unhashable keys.
_HOSTILE = (msgspec.MsgspecError, RecursionError, OverflowError, TypeError, ValueError)

_encoder = msgspec.msgpack.Encoder()
_json_encoder = msgspec.json.Encoder()


def pack(message: object) -> bytes:
    """A message (or record) as MessagePack."""
    return _encoder.encode(message)


def to_json(message: object) -> bytes:
    """A message (or record) as JSON, in UTF-8."""
    return _json_encoder.encode(message)


def to_frame(message: Message) -> bytes:
    """A message as a whole frame: length and MessagePack."""
    return frame(_encoder.encode(message))


PING, PONG = Ping(), Pong()
PING_FRAME, PONG_FRAME = to_frame(PING), to_frame(PONG)
"""The commonest messages, encoded once."""


M = TypeVar("M", ToServer, ToClient)


class Decoder(Generic[M]):
    """Decodes one direction of the wire."""

    def __init__(self, messages: Any, form: ModuleType = msgspec.msgpack) -> None:  # noqa: ANN401 (a union)
        """`messages` is a union of Structs; `form` is `msgspec.msgpack` or `msgspec.json`."""
        self._typed = form.Decoder(messages)
        self._untyped = form.Decoder()
        self._known = {cast("str", m.__struct_config__.tag): m for m in get_args(messages)}

    def decode(self, payload: bytes) -> M:
        """The message in one payload.

        Raises:
            Unreadable: The bytes are not one well-formed map.
            UnknownType: The map's `type` is none of ours.
            BadMessage: A field is missing or has a value that does not fit.
        """
        try:
            return cast("M", self._typed.decode(payload))
        except _HOSTILE as error:
            raise self._diagnose(payload, error) from None

    def _diagnose(self, payload: bytes, error: Exception) -> WireError:
        """Read the payload once more, without types, to say what is wrong with it."""
        try:
            document = self._untyped.decode(payload)
        except _HOSTILE as unreadable:
            return Unreadable(f"not a readable message: {unreadable}")
        if not isinstance(document, dict):
            return Unreadable(f"a message is a map with a `type`, got {type(document).__name__}")
        request_id = _request_id(document)
        name = document.get("type")
        if not isinstance(name, str):
            met = "none" if name is None else shown(name)
            sentence = f"type: expected the name of a message, got {met}"
            return BadMessage(sentence, request_id=request_id)
        if name not in self._known:
            return UnknownType(f"no message of type {shown(name)} is known", request_id=request_id)
        reason = explain(error, document, self._known[name])
        return BadMessage(f"{name}: {reason}", request_id=request_id)


def _request_id(document: dict[object, object]) -> int | None:
    """The request that an error answers, where it is one that an answer can carry."""
    try:
        return msgspec.convert(document.get("request_id"), RequestId)
    except msgspec.ValidationError:
        return None


from_client: Decoder[ToServer] = Decoder(ToServer)
from_server: Decoder[ToClient] = Decoder(ToClient)

json_from_client: Decoder[ToServer] = Decoder(ToServer, msgspec.json)
json_from_server: Decoder[ToClient] = Decoder(ToClient, msgspec.json)
"""The same messages and the same errors, from JSON."""
