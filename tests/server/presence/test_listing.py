"""Pages of a list: what they select, where they end, and what they cost."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.presence.listing import LOOKED_AT, page
from lastseen.server.presence.model import Client, Moment, Policy, Registration
from lastseen.server.presence.registry import Registry
from lastseen.shared.framing import FRAME_LIMIT
from lastseen.shared.messages import ClientList, ClientRecord, List, Register
from lastseen.shared.wire import pack

Ids = list[str]


class CountingRegistry(Registry):
    """Counts the clients that are looked at."""

    looks = 0

    def find(self, client_id: str) -> Client | ClientRecord | None:
        self.looks += 1
        return super().find(client_id)


def at(seconds: float) -> Moment:
    return Moment(seconds, 1_800_000_000 + seconds)


def come(registry: Registry, client_id: str, address: str = "127.0.0.1:5", **fields: Any) -> None:
    message = Register(client_id, instance="i1", **fields)
    registry.register(Registration(message, "tcp", address), None, at(0))


def go(registry: Registry, client_id: str) -> None:
    for session in list(registry.sessions()):
        if session.client.client_id == client_id:
            registry.leave(session, at(1))


def pages(registry: Registry, **request: Any) -> Iterator[Ids]:
    after = None
    while True:
        records, after = page(registry, List(after=after, **request))
        yield [r.client_id for r in records]
        if after is None:
            return


def ids(registry: Registry, **request: Any) -> Ids:
    return [client_id for listed in pages(registry, **request) for client_id in listed]


@pytest.fixture
def registry() -> CountingRegistry:
    return CountingRegistry(Policy(max_clients=100_000))


@pytest.fixture
def mixed(registry: CountingRegistry) -> CountingRegistry:
    """`d` offline, `c` late, the others online."""
    come(registry, "c", name="Straße", groups=("web",))
    for session in registry.sessions():
        registry.broke(session, at(0))
    come(registry, "d", groups=("web", "eu"))
    go(registry, "d")
    come(registry, "b", hostname="mail.example", address="10.0.0.7:99")
    come(registry, "a", groups=("web",))
    return registry


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, ["a", "b", "c"]),
        ("online", ["a", "b"]),
        ("late", ["c"]),
        ("offline", ["d"]),
        ("all", ["a", "b", "c", "d"]),
    ],
)
def test_a_status_selects_and_without_one_all_present_are_listed(
    mixed: Registry, status: str, expected: Ids
):
    assert ids(mixed, status=status) == expected


def test_a_group_selects_its_members_only(mixed: Registry):
    assert ids(mixed, group="web") == ["a", "c"]
    assert ids(mixed, group="web", status="all") == ["a", "c", "d"]
    assert ids(mixed, group="we") == []


@pytest.mark.parametrize(
    ("search", "expected"),
    [("B", ["b"]), ("STRASSE", ["c"]), ("Mail.EX", ["b"]), ("10.0.0.7", ["b"]), ("nobody", [])],
)
def test_a_search_looks_into_id_name_hostname_and_address_whatever_the_case(
    mixed: Registry, search: str, expected: Ids
):
    assert ids(mixed, search=search) == expected


def test_a_way_selects_those_last_heard_from_by_it(registry: Registry):
    come(registry, "a")
    message = Register("b", instance="i1")
    registry.register(Registration(message, "lan", "10.0.0.7:2425"), None, at(0))
    assert ids(registry, via="lan") == ["b"]
    assert ids(registry, via="tcp") == ["a"]
    assert ids(registry, via="websocket") == []


def test_a_page_ends_at_the_limit_and_the_next_goes_on_from_there(registry: CountingRegistry):
    for n in range(7):
        come(registry, f"{n}")
    assert list(pages(registry, limit=3)) == [["0", "1", "2"], ["3", "4", "5"], ["6"]]


def test_a_page_that_ends_with_the_last_client_is_the_last(registry: CountingRegistry):
    for n in range(4):
        come(registry, f"{n}")
    assert list(pages(registry, limit=4)) == [["0", "1", "2", "3"]]
    assert list(pages(CountingRegistry(Policy()), limit=4)) == [[]]


def test_every_page_fits_a_frame(registry: CountingRegistry):
    meta = {f"{n:x}" * 64: "\U0001f600" * 256 for n in range(16)}
    for n in range(50):
        come(registry, f"{n:02}" + "\U0001f600" * 126, meta=meta if n % 3 else {})
    after, listed = None, 0
    while True:
        records, after = page(registry, List(after=after, limit=1000))
        assert records
        assert (
            len(pack(ClientList(records, "e" * 12, 2**53, after, request_id=2**53))) <= FRAME_LIMIT
        )
        listed += len(records)
        if after is None:
            break
    assert listed == 50


def test_a_page_looks_at_a_bounded_number_of_clients_though_it_finds_none(
    registry: CountingRegistry,
):
    for n in range(2 * LOOKED_AT + 1):
        come(registry, f"{n:05}")
    come(registry, "needle")
    looks = []
    for listed in pages(registry, search="needle"):
        looks.append((registry.looks, listed))
        registry.looks = 0
    assert looks == [(LOOKED_AT, []), (LOOKED_AT, []), (2, ["needle"])]


def test_a_small_page_looks_at_few_clients_wherever_it_begins(registry: CountingRegistry):
    for n in range(3_000):
        come(registry, f"{n:05}")
    page(registry, List(after="02500", limit=10))
    assert registry.looks <= 11


@pytest.mark.parametrize("request_", [{}, {"status": "all"}, {"search": "x"}])
def test_a_cursor_stays_good_though_its_client_is_gone_and_forgotten(request_: dict[str, Any]):
    registry = Registry(Policy(max_clients=3))
    for client_id in ("x1", "x2", "x3"):
        come(registry, client_id)
    _, after = page(registry, List(limit=2, **request_))
    for client_id in ("x2", "x1"):
        go(registry, client_id)
    registry.detector.follow(Policy(max_clients=1), at(1))
    registry.forget_surplus()
    records, after = page(registry, List(after=after, **request_))
    assert ([r.client_id for r in records], after) == (["x3"], None)


names = st.text("abc", min_size=1, max_size=2)
changes = st.lists(st.lists(names, max_size=3), max_size=12)


@given(st.sets(names), changes, st.integers(1, 3))
def test_while_clients_come_and_go_those_that_stay_are_listed_once_and_in_order(
    present: set[str], between_pages: list[Ids], limit: int
):
    registry = Registry(Policy())
    for client_id in present:
        come(registry, client_id)
    stayed, ever = set(present), set(present)
    listed: Ids = []
    coming_and_going: Callable[[], Ids] = iter([*between_pages, *([[]] * 100)]).__next__
    for found in pages(registry, limit=limit):
        listed += found
        for client_id in coming_and_going():
            if client_id in registry:
                go(registry, client_id)
                stayed.discard(client_id)
            else:
                come(registry, client_id)
                ever.add(client_id)
    assert listed == sorted(set(listed))
    assert stayed <= set(listed) <= ever
