"""Messages as WebSocket frames: JSON as text, MessagePack as binary, one subprotocol for each.

Frames to a client are not masked, so the bytes of a message are the same for everyone.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from websockets.frames import Frame, Opcode

from lastseen.shared.messages import Message, ToServer
from lastseen.shared.wire import (
    PING,
    PONG,
    Decoder,
    from_client,
    json_from_client,
    pack,
    to_json,
)


class Codec(NamedTuple):
    """How messages travel in one subprotocol.

    Attributes:
        subprotocol: Its name; also that of the wire format, as the journal knows it.
        opcode: Of frames that hold a message.
        ping: The payload of a ping, as our own clients encode it.
        ping_head: The first two bytes of its frame; a mask of four follows.
        pong: The frame that answers one.
    """

    subprotocol: str
    opcode: Opcode
    payload: Callable[[Message], bytes]
    decoder: Decoder[ToServer]
    ping: bytes
    ping_head: bytes
    pong: bytes

    def encode(self, message: Message) -> bytes:
        """A message as a whole frame."""
        return Frame(self.opcode, self.payload(message)).serialize(mask=False)


def _codec(
    subprotocol: str,
    opcode: Opcode,
    payload: Callable[[Message], bytes],
    decoder: Decoder[ToServer],
) -> Codec:
    head = Frame(opcode, payload(PING)).serialize(mask=True)[:2]
    pong = Frame(opcode, payload(PONG)).serialize(mask=False)
    return Codec(subprotocol, opcode, payload, decoder, payload(PING), head, pong)


JSON = _codec("lastseen.json", Opcode.TEXT, to_json, json_from_client)
MSGPACK = _codec("lastseen.msgpack", Opcode.BINARY, pack, from_client)
CODECS = {codec.subprotocol: codec for codec in (JSON, MSGPACK)}


def codec_of(offered: Iterable[str]) -> Codec | None:
    """The first one of those that a client offers; None where it offers none that we have."""
    return next((CODECS[name] for name in offered if name in CODECS), None)
