"""Close codes: one for each reason, the same as the page about the protocol says."""

import re
from pathlib import Path

import pytest

from lastseen.server.links.closing import CLOSE_CODES, closing_frame, goodbye_as_http
from lastseen.shared.messages import Goodbye

PROTOCOL = Path(__file__).parents[3] / "docs" / "protocol.md"


def test_the_codes_are_those_of_the_page_about_the_protocol():
    rows = re.findall(r"^\| ([0-9, ]+) \| `(\w+)`", PROTOCOL.read_text(), re.MULTILINE)
    told = {reason: [int(code) for code in codes.split(",")] for codes, reason in rows}
    assert told.keys() == CLOSE_CODES.keys()
    assert all(code in told[reason] for reason, code in CLOSE_CODES.items())


def test_a_closing_frame_has_its_code_and_its_words():
    assert closing_frame("left") == b"\x88\x06\x03\xe8left"
    assert closing_frame("timeout") == b"\x88\x13\x0f\xa8heartbeat timeout"
    assert closing_frame("unreadable", 1002) == b"\x88\x0c\x03\xeaunreadable"
    assert closing_frame("never heard of") == b"\x88\x10\x0f\xa0never heard of"


@pytest.mark.parametrize(("reason", "status"), [("idle", 408), ("shutdown", 503)])
def test_before_the_handshake_is_over_a_goodbye_is_a_response(reason: str, status: int):
    response = goodbye_as_http(Goodbye(reason, reconnect=True))
    assert response.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Retry-After" not in response
