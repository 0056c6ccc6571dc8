"""The lines of an export: one JSON object each, in UTF-8, times in Unix seconds.

    {"type":"header","format":1,"lastseen":"0.1.0"}
    {"type":"client","client_id":"web-01",…,"offline_since":1763800000.5}
    {"type":"event","client_id":"web-01","before":"offline","after":"online",…,"id":17}
    {"type":"run",…}
    {"type":"setting","key":"…","value":…}
    {"type":"delivery","key":"…","channel":"…","kind":"offline",…,"id":4,"event_id":17}
    {"type":"standing",…}
    {"type":"silence",…}
    {"type":"broken_channel",…}
    {"type":"end","lines":9}

The last one tells a whole file from the beginning of one. Pure.
"""

from collections.abc import Iterator
from math import isfinite
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct

from lastseen.server.store.errors import TransferFailed
from lastseen.server.store.model import Event, KnownClient
from lastseen.server.store.telling import BrokenChannel, Delivery, Silence, Standing
from lastseen.shared.messages import LONGEST
from lastseen.shared.version import VERSION

FORMAT = 1
"""The version of the format; another one is refused."""

LONGEST_LINE = 1024 * 1024
"""Bytes. A client that uses all its bounds at once has some 40,000."""

_LATEST = 2.0**53 / 1e6  # Unix seconds that the store keeps exactly: the year 2255
_LARGEST_KEY = 2**63 - 1
_LARGEST_PORT = 65_535


class HeaderLine(Struct, tag="header", frozen=True):
    """The first line."""

    format: int
    lastseen: str = VERSION


class ClientLine(KnownClient, tag="client", frozen=True, gc=False):
    """A client, and where its events end: `tables` has the reason.

    Here, `heard_awake` counts from the end of the last run, so that it means the same in another
    store: 0 or less for a client that heartbeats keep online, and 0 for all others.
    """

    offline_since: float | None = None


class EventLine(Event, tag="event", frozen=True, gc=False):
    """An event, with its place in history."""


class RunLine(Struct, tag="run", frozen=True, gc=False):
    """A run, but for its awake time, which goes on in each store by itself."""

    epoch: str
    started_at: float
    heartbeat_at: float
    clean: bool


class SettingLine(Struct, tag="setting", frozen=True):
    """A setting; its value is any JSON."""

    key: str
    value: Any


class DeliveryLine(Delivery, tag="delivery", frozen=True, kw_only=True, gc=False):
    """A delivery, with its place in the order of telling."""

    notice: Any  # any JSON: msgspec knows no type that names itself


class StandingLine(Standing, tag="standing", frozen=True, kw_only=True, gc=False):
    """Where a channel stands with a client."""

    notice: Any


class SilenceLine(Silence, tag="silence", frozen=True):
    """A silence."""


class BrokenLine(BrokenChannel, tag="broken_channel", frozen=True):
    """A channel that is broken."""


class EndLine(Struct, tag="end", frozen=True):
    """The last line, which says how many came between it and the header."""

    lines: int


TellingRow = DeliveryLine | StandingLine | SilenceLine | BrokenLine
Row = ClientLine | EventLine | RunLine | SettingLine | TellingRow
Line = HeaderLine | Row | EndLine

_LEAST = {
    EventLine: {"id": 1, "number": 0},
    DeliveryLine: {"id": 1, "number": 0, "attempts": 0},
    StandingLine: {"number": 0},
    SilenceLine: {"id": 1},
}
"""Numbers that the store keeps, and what they are at least."""

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Line)


def encode(line: Line) -> bytes:
    """A line with its end."""
    return _encoder.encode(line) + b"\n"


def rows(file: BinaryIO) -> Iterator[Row]:
    """The rows of a whole file.

    Raises:
        TransferFailed: Not an export of this format, damaged, or cut off; names the line.
    """
    count = -1  # the header is no row
    for number, line in enumerate(_lines(file), start=1):
        match line:
            case HeaderLine(format=found) if number == 1:
                _check_format(found)
            case EndLine(lines=expected) if number > 1:
                return _check_complete(expected, count)
            case HeaderLine() | EndLine():
                raise TransferFailed(f"line {number}: not expected in this place")
            case _ if number == 1:
                raise TransferFailed("line 1: expected the header of an export")
            case row:
                yield _checked(row, number)
        count += 1
    raise TransferFailed(
        f"the file ends after {max(count, 0):,} rows without its last line: "
        "it is only the beginning of an export"
    )


def _lines(file: BinaryIO) -> Iterator[Line]:
    number = 0
    while raw := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(raw) > LONGEST_LINE:
            raise TransferFailed(f"line {number}: longer than {LONGEST_LINE:,} bytes")
        try:
            yield _decoder.decode(raw)
        except (ValueError, RecursionError) as error:  # msgspec's own are ValueErrors
            raise TransferFailed(f"line {number}: {error}") from error


def _check_format(found: int) -> None:
    if found != FORMAT:
        raise TransferFailed(f"line 1: the export has format {found}, this lastseen reads {FORMAT}")


def _check_complete(expected: int, count: int) -> None:
    if expected != count:
        raise TransferFailed(f"the last line says {expected:,} rows, the file has {count:,}")


def _checked(row: Row, number: int) -> Row:
    if isinstance(row, ClientLine):
        _check_client(row, number)
    for name in row.__struct_fields__:
        value = getattr(row, name)
        if isinstance(value, float) and not (isfinite(value) and abs(value) <= _LATEST):
            raise TransferFailed(f"line {number}: {name}: expected Unix seconds, got {value!r}")
    for name, least in _LEAST.get(type(row), {}).items():
        _check_key(name, getattr(row, name), number, least=least)
    return row


def _check_client(client: ClientLine, number: int) -> None:
    if not 0 <= client.port <= _LARGEST_PORT:
        raise TransferFailed(f"line {number}: port: expected 0 to 65535, got {client.port}")
    for name, seconds in (("timeout", client.timeout), ("every", client.every)):
        if seconds is not None and not 0 < seconds <= LONGEST:
            raise TransferFailed(
                f"line {number}: {name}: expected seconds, more than 0 and at most {LONGEST:,.0f}, "
                f"got {seconds}"
            )


def _check_key(name: str, value: int, number: int, *, least: int) -> None:
    if not least <= value <= _LARGEST_KEY:
        raise TransferFailed(f"line {number}: {name}: expected {least} to 2^63-1, got {value}")
