"""Datagrams of real members."""

from typing import Any

import pytest
from msgspec import Struct

IPTUX = "1_iptux 0.8.3"


class Captured(Struct, frozen=True):
    """A datagram as it came, and what its sender had been told to say."""

    name: str
    data: bytes
    legacy: Any
    said: dict[str, Any]


_ANN = {"user": "root", "host": "vm", "nickname": "Ann", "group": "Lab", "program": IPTUX}
_WANG = _ANN | {"nickname": "王小明", "group": "研发部"}
_END = b"\0icon-tux.png\0utf-8\0"

CORPUS = [
    # Taken from Debian's iptux 0.8.3, started with different settings.
    Captured("iptux, entry", b"1_iptux 0.8.3:1:root:vm:257:Ann\0Lab" + _END, "cp932", _ANN),
    Captured("iptux, answer", b"1_iptux 0.8.3:5:root:vm:259:Ann\0Lab" + _END, "gbk", _ANN),
    Captured(
        "iptux, UTF-8",
        b"1_iptux 0.8.3:1:root:vm:257:\xe7\x8e\x8b\xe5\xb0\x8f\xe6\x98\x8e\0"
        b"\xe7\xa0\x94\xe5\x8f\x91\xe9\x83\xa8" + _END,
        "cp932",
        _WANG,
    ),
    Captured(
        "iptux, GBK that claims to be UTF-8",
        b"1_iptux 0.8.3:1:root:vm:257:\xcd\xf5\xd0\xa1\xc3\xf7\0\xd1\xd0\xb7\xa2\xb2\xbf" + _END,
        "gbk",
        _WANG,
    ),
    Captured(
        "iptux, goodbye",
        b"1_iptux 0.8.3:8:root:vm:65538:\0",
        "cp932",
        {"user": "root", "host": "vm", "nickname": "", "dialup": True},
    ),
    # Written down from the protocol's text, for want of the programs.
    Captured(
        "FeiQ, GBK wherever it runs",
        b"1_lbt4_9#128#0A1B2C3D4E5F#0#0#0#2.5a:1700000001:\xcd\xf5:PC-7:6291457:"
        b"\xcd\xf5\xd0\xa1\xc3\xf7\0\xd1\xd0\xb7\xa2\xb2\xbf\0",
        "cp932",
        {"user": "王", "host": "PC-7", "nickname": "王小明", "group": "研发部"},
    ),
    Captured(
        "IP Messenger, CP932 and again in UTF-8",
        b"1:1700000002:tanaka:PC-8:16777217:\x93c\x92\x86\0\x8aJ\x94\xad\x95\x94"
        + "\0\nUN:tanaka\nHN:PC-8\nNN:田中😀\nGN:開発部".encode(),
        "cp932",
        {"user": "tanaka", "host": "PC-8", "nickname": "田中😀", "group": "開発部"},
    ),
    Captured(
        "IP Messenger, no group",
        b"1:1700000003:tanaka:PC-8:16777217:Tanaka\0\0\nUN:tanaka\nHN:PC-8\nNN:Tanaka",
        "cp932",
        {"user": "tanaka", "host": "PC-8", "nickname": "Tanaka", "group": ""},
    ),
    Captured(
        "IP Messenger, away",
        b"1:1700000004:tanaka:PC-8:16777476:Tanaka[at lunch]\0Lab\0\nNN:Tanaka[at lunch]",
        "cp932",
        {"nickname": "Tanaka", "group": "Lab", "away": True, "note": "at lunch"},
    ),
    Captured(
        "the oldest form, CP932 alone",
        b"1:100:tanaka:PC-8:1:\x93c\x92\x86",
        "cp932",
        {"nickname": "田中", "group": "", "away": False},
    ),
]


@pytest.fixture(params=CORPUS, ids=lambda captured: captured.name)
def captured(request: pytest.FixtureRequest) -> Captured:
    return request.param
