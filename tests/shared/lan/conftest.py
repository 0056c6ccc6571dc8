"""Members of a LAN that say what a test has them say."""

from collections.abc import Callable
from typing import Any

import pytest

from lastseen.shared.ipmsg.beacon import Beacon
from lastseen.shared.ipmsg.entry import Entry, write
from lastseen.shared.ipmsg.packet import BR_ENTRY, build
from lastseen.shared.lan.conduct import Conduct, Habits


@pytest.fixture
def someone() -> Callable[..., Entry]:
    """Who says what is given: `someone("ann", nickname="Ann")`."""
    return _someone


@pytest.fixture
def datagram() -> Callable[..., bytes]:
    """What that one sends: `datagram("ann", BR_EXIT, number=3)`."""

    def make(user: str, command: int = BR_ENTRY, *, number: int = 1, **said: Any) -> bytes:
        return build(write(_someone(user, **said), command, number, "cp932"))

    return make


@pytest.fixture
def conduct() -> Conduct:
    return Conduct(
        Entry("lastseen", "hub", nickname="hub"),
        Beacon("m-1", {"tcp": "*:8080"}),
        Habits(peer_timeout=180.0, max_peers=400),
        number=100,
        chance=lambda: 0.5,
    )


def _someone(user: str, **said: Any) -> Entry:
    return Entry(user, said.pop("host", "pc"), **{"nickname": user.title(), **said})
