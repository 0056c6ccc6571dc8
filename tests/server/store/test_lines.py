"""Every line of an export that a person or a disk may have changed is refused by its number."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.store.errors import TransferFailed
from lastseen.server.store.lines import (
    LONGEST_LINE,
    ClientLine,
    DeliveryLine,
    EndLine,
    EventLine,
    HeaderLine,
    RunLine,
    SilenceLine,
    encode,
    rows,
)

HEADER = encode(HeaderLine(1))
RUN = RunLine("run-1", 1.5, 2.5, clean=True)
CLIENT = ClientLine(
    "a", "", "", "", 1, "http", "", "", "", (), {}, "available", "", 1.0, 1.0, 1.0, timeout=90.0
)
EVENT = EventLine("a", "offline", "online", "registered", 1.0, 1.0, None, "run-1", "x:1", id=1)


SILENCE = SilenceLine("a", None, 1.0, 2.0, id=1)
DELIVERY = DeliveryLine(
    key="k",
    channel="hook",
    kind="offline",
    client_id="a",
    notice={"a": [1, {"b": None}]},
    created_at=1.0,
    due_at=1.0,
    id=1,
)


def read(*parts):
    return list(rows(io.BytesIO(b"".join(parts))))


def test_rows_come_back_as_they_were_encoded():
    lines = [RUN, CLIENT, EVENT]
    assert read(HEADER, *map(encode, lines), encode(EndLine(3))) == lines


def test_a_client_of_an_earlier_version_has_no_timeout_of_its_own():
    fields = json.loads(encode(CLIENT))
    del fields["timeout"]
    [client] = read(HEADER, json.dumps(fields).encode() + b"\n", encode(EndLine(1)))
    assert client.timeout is None


def test_unknown_fields_of_a_later_version_are_ignored():
    line = json.dumps({**json.loads(encode(RUN)), "mood": "good"}).encode() + b"\n"
    assert read(HEADER, line, encode(EndLine(1))) == [RUN]


def changed(line, **fields):
    return json.dumps(json.loads(encode(line)) | fields).encode() + b"\n"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "the file ends after 0 rows"),
        (encode(RUN), "line 1: expected the header of an export"),
        (encode(EndLine(0)), "line 1: not expected in this place"),
        (encode(HeaderLine(2)), "line 1: the export has format 2, this lastseen reads 1"),
        (HEADER + HEADER, "line 2: not expected in this place"),
        (HEADER + b"{]\n", "line 2: JSON is malformed"),
        (HEADER + b"\xff\n", "line 2: "),
        (HEADER + b'{"type":"cat"}\n', "line 2: Invalid value 'cat'"),
        (HEADER + b"[" * 100_000 + b"\n", "line 2: "),
        (HEADER + b" " * (LONGEST_LINE + 1), "line 2: longer than 1,048,576 bytes"),
        (HEADER + encode(RUN), "the file ends after 1 rows without its last line"),
        (HEADER + encode(RUN) + encode(EndLine(2)), "the last line says 2 rows, the file has 1"),
        (
            HEADER + changed(RUN, started_at=1e300),
            "started_at: expected Unix seconds",
        ),
        (HEADER + changed(CLIENT, port=65_536), "port: expected 0 to 65535, got 65536"),
        (HEADER + changed(CLIENT, timeout=0), "timeout: expected seconds, more than 0 .* got 0"),
        (HEADER + changed(CLIENT, timeout=1e300), "timeout: expected seconds, more than 0"),
        (HEADER + changed(CLIENT, every=-1), "every: expected seconds, more than 0 .* got -1"),
        (HEADER + changed(EVENT, id=0), "id: expected 1 to 2.63-1, got 0"),
        (HEADER + changed(EVENT, number=2**63), "number: expected 0 to 2.63-1, got 92"),
        (HEADER + changed(DELIVERY, id=0), "id: expected 1 to 2.63-1, got 0"),
        (HEADER + changed(DELIVERY, attempts=-1), "attempts: expected 0 to 2.63-1, got -1"),
        (HEADER + changed(DELIVERY, settled_at=1e300), "settled_at: expected Unix seconds"),
        (HEADER + changed(DELIVERY, state="lost"), "line 2: Invalid enum value 'lost'"),
        (HEADER + changed(SILENCE, id=-1), "id: expected 1 to 2.63-1, got -1"),
        (HEADER + changed(EVENT, after="dead"), "line 2: Invalid enum value 'dead'"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(content, sentence):
    with pytest.raises(TransferFailed, match=sentence):
        read(content)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_words(content):
    with pytest.raises(TransferFailed):
        read(HEADER, content)
