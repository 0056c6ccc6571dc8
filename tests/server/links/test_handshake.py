"""The opening handshake: a request in any cut in; a format, or a refusal that says why, out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.utils import accept_key

from lastseen.server.links.codecs import JSON, MSGPACK
from lastseen.server.links.handshake import HEAD_LIMIT, House, Verdict, judge, refuse
from lastseen.server.links.origins import Origins

HOUSE = House("/ws", Origins([]))
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
HEADERS = {
    "Host": "localhost:8081",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}


def request(line: str = "GET /ws HTTP/1.1", more: str = "", **changes: str | None) -> bytes:
    headers = HEADERS | {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [line, *(f"{name}: {value}" for name, value in headers.items() if value is not None)]
    return ("\r\n".join(lines) + f"\r\n{more}\r\n").encode()


def verdict_on(head: bytes) -> Verdict:
    verdict = judge(head, HOUSE)
    assert verdict is not None
    return verdict


def status_of(head: bytes) -> int:
    verdict = verdict_on(head)
    assert (verdict.codec is None) == bool(verdict.why)
    line, _, _ = verdict.response.partition(b"\r\n")
    return int(line.split()[1])


def test_a_good_request_is_let_in():
    verdict = verdict_on(request())
    assert verdict.response.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert f"Sec-WebSocket-Accept: {accept_key(KEY)}\r\n".encode() in verdict.response
    assert verdict.codec is JSON
    assert b"Sec-WebSocket-Protocol" not in verdict.response


def test_what_comes_behind_the_head_is_handed_on():
    assert verdict_on(request() + b"\x89\x80").rest == b"\x89\x80"


@pytest.mark.parametrize(
    ("offered", "codec", "answer"),
    [
        ("lastseen.msgpack", MSGPACK, "lastseen.msgpack"),
        ("chat, lastseen.json", JSON, "lastseen.json"),
        ("chat", JSON, None),
    ],
)
def test_the_subprotocol_that_both_have_is_spoken(offered, codec, answer):
    verdict = verdict_on(request(Sec_WebSocket_Protocol=offered))
    assert verdict.codec is codec
    assert (f"Sec-WebSocket-Protocol: {answer}".encode() in verdict.response) == bool(answer)


def test_no_extension_is_negotiated():
    verdict = verdict_on(request(Sec_WebSocket_Extensions="permessage-deflate"))
    assert verdict.codec is JSON
    assert b"Extensions" not in verdict.response


def test_a_query_behind_the_path_is_no_other_path():
    assert status_of(request("GET /ws?token=x HTTP/1.1")) == 101


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (request("GET / HTTP/1.1"), 404),
        (request("GET /ws/ HTTP/1.1"), 404),
        (request("POST /ws HTTP/1.1"), 405),
        (request("GET /ws HTTP/1.0"), 505),
        (request(Upgrade=None), 426),
        (request(Connection="close"), 426),
        (request(Sec_WebSocket_Key=None), 400),
        (request(Sec_WebSocket_Key="short"), 400),
        (request(Sec_WebSocket_Version="8"), 400),
        (request(Origin="https://evil.example"), 403),
        (request(Origin="http://evil.example", Host="evil.example:8081"), 421),
        (request(Origin="http://localhost", more="Origin: http://localhost\r\n"), 400),
        (request(more="Host: other\r\n"), 400),
        (request(more="Sec-WebSocket-Key: x\r\n"), 400),
        (request(more="no header\r\n"), 400),
        (request("GET"), 400),
        (request(more="".join(f"X{n}: y\r\n" for n in range(200))), 431),
        (request(f"GET /{'x' * 9000} HTTP/1.1"), 414),
        (b"\x16\x03\x01\x00\xc8", 400),
        (b"\x00\x00\x00\x0b\x81\xa4type", 400),
    ],
)
def test_what_is_no_such_request_is_refused_by_the_right_status(head: bytes, status: int):
    assert status_of(head) == status


def test_a_refused_origin_is_told_what_to_set():
    why = verdict_on(request(Origin="https://evil.example")).why
    assert "https://evil.example" in why
    assert "websocket.origins" in why


def test_a_head_of_the_limit_is_read_and_one_byte_more_is_refused():
    spare = HEAD_LIMIT - len(request())
    lines = [f"X-{n}: {'x' * 4000}\r\n" for n in range(3)]
    last = spare - sum(map(len, lines)) - len("Y: \r\n")
    full = request(more="".join(lines) + f"Y: {'y' * last}\r\n")
    assert len(full) == HEAD_LIMIT
    assert status_of(full) == 101
    assert judge(full[:-1], HOUSE) is None
    assert status_of(full[:-4] + b"y\r\n\r\n") == 431


@given(st.integers(0, len(request()) - 1))
def test_a_part_of_a_good_request_waits_for_the_rest(size: int):
    assert judge(request()[:size], HOUSE) is None


@given(
    st.binary(max_size=200)
    | st.binary(max_size=60).map(lambda junk: request()[:-2] + junk + b"\r\n\r\n")
    | st.binary(max_size=60).map(lambda junk: b"GET " + junk + b" HTTP/1.1\r\n\r\n")
)
def test_whatever_comes_is_waited_for_let_in_or_refused(head: bytes):
    verdict = judge(head, HOUSE)
    if verdict is not None and verdict.codec is None:
        assert verdict.response.startswith(b"HTTP/1.1 ")
        assert verdict.why


def test_a_refusal_says_when_to_come_back_in_whole_seconds():
    assert b"\r\nRetry-After: 31\r\n" in refuse(429, "later", 30.2).response
