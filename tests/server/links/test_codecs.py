"""Messages as frames of a WebSocket, in each subprotocol."""

import pytest
from websockets.frames import Opcode

from lastseen.server.links.codecs import CODECS, JSON, MSGPACK, Codec, codec_of
from lastseen.shared.messages import Error, Ping, Pong
from lastseen.shared.wire import from_client, from_server, json_from_client, json_from_server


def test_json_travels_as_text_and_messagepack_as_binary():
    assert JSON.encode(Pong()) == b'\x81\x0f{"type":"pong"}'
    assert MSGPACK.encode(Pong()) == b"\x82\x0b\x81\xa4type\xa4pong"
    assert (JSON.opcode, MSGPACK.opcode) == (Opcode.TEXT, Opcode.BINARY)


@pytest.mark.parametrize(
    ("codec", "from_them", "from_us"),
    [(JSON, json_from_client, json_from_server), (MSGPACK, from_client, from_server)],
    ids=CODECS,
)
def test_what_is_encoded_is_decoded_by_the_other_side(codec: Codec, from_them, from_us):
    assert from_us.decode(codec.pong[2:]) == Pong()
    assert from_us.decode(codec.payload(Error("code", "words"))) == Error("code", "words")
    assert from_them.decode(codec.ping) == codec.decoder.decode(codec.ping) == Ping()


def test_the_first_subprotocol_of_the_client_that_we_have_is_taken():
    assert codec_of(["chat", "lastseen.msgpack", "lastseen.json"]) is MSGPACK
    assert codec_of(["lastseen.json", "lastseen.msgpack"]) is JSON
    assert codec_of(["chat"]) is None
    assert codec_of([]) is None
