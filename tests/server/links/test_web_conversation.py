"""A WebSocket's side of the protocol: signs of life, pages, the heartbeat, a bound on its pace."""

import socket
from collections.abc import Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from lastseen.server.links.doorkeeper import HELLO_DEADLINE, LEAVE_DEADLINE
from lastseen.server.links.web_conversation import MOST_FRAMES, WINDOW
from lastseen.shared.messages import (
    ClientList,
    Diff,
    EnableChannel,
    Error,
    Forget,
    GetSettings,
    Goodbye,
    Leave,
    List,
    Ping,
    Pong,
    Register,
    Registered,
    Retry,
    Silence,
    Unsilence,
    UpdateSettings,
    Watch,
)
from lastseen.shared.wire import pack, to_json


@pytest.fixture
async def pinging(build_living: Callable[..., Any], nursery: trio.Nursery) -> Any:
    """A house that pings each WebSocket every 10 s, and gives up on clients after 120."""
    house = build_living(websocket={"ping_interval": 10.0})
    await nursery.start(house.browsers.heartbeat.run)
    return house


def enter(house: Any, client_id: str = "page-1", **fields: Any) -> Any:
    """A WebSocket whose client is present."""
    peer = house.browse()
    (registered,) = house.ask(peer, Register(client_id, **({"instance": "i"} | fields)))
    assert isinstance(registered, Registered)
    return peer


async def answer_for(house: Any, clock: MockClock, seconds: float, *peers: Any) -> None:
    """Let time pass while these answer each ping."""
    answered = {peer: peer.pings for peer in peers}
    for _ in range(int(seconds)):
        await house.pass_time(clock, 1)
        for peer in peers:
            peer.read()
            if peer.pings > answered[peer] and not peer.ended:
                peer.answer()
                answered[peer] = peer.pings


# --- the same protocol ----------------------------------------------------------------------------


@pytest.mark.parametrize("subprotocol", ["lastseen.json", "lastseen.msgpack"])
def test_it_is_the_same_protocol_in_both_formats(house: Any, subprotocol: str):
    peer = house.browse(Sec_WebSocket_Protocol=subprotocol)
    assert peer.response == 101
    assert house.ask(peer, Ping()) == [Pong()]
    house.ask(peer, Register("page-1", name="å"))
    (page,) = house.ask(peer, List())
    (record,) = page.clients
    assert (record.client_id, record.name, record.via) == ("page-1", "å", "websocket")
    assert record.address.startswith("192.0.2.8:")
    (goodbye,) = house.ask(peer, Leave())
    assert goodbye == Goodbye("left", reconnect=False)
    assert peer.close == (1000, "left")
    assert peer.ended


def test_tcp_clients_and_websockets_see_each_other(house: Any):
    tcp, json, packed = house.register("tcp-1"), house.browse(), house.browse()
    assert [type(m) for m in house.ask(json, Watch())] == [ClientList]
    assert [type(m) for m in house.ask(tcp, Watch())] == [ClientList]
    house.ask(packed, Register("page-1"))
    house.presence.publish()
    for peer in (tcp, json):
        house.presence.watchers.advance(link_of(house, peer))
        (diff,) = peer.read()
        assert isinstance(diff, Diff)
        assert [(r.client_id, r.via) for r in diff.joins] == [("page-1", "websocket")]


def link_of(house: Any, peer: Any) -> Any:
    """Our end of a peer's link."""
    links = list(house.pump)
    return links[house.peers.index(peer)]


def test_a_page_that_is_six_times_as_long_as_json_makes_nobody_slow(house: Any):
    unwritable = {f"{n}": "\x01" * 256 for n in range(15)}
    for number in range(16):
        house.register(f"{number}", meta=unwritable)
    peer = house.arrive(room=4096)
    peer.request()
    house.settle()
    peer.read()
    peer.say(Watch())
    for _ in range(20):  # while it does not read
        house.pump.turn()
    house.settle([peer])
    page = peer.heard[0]
    assert len(page.clients) >= 15
    assert len(to_json(page)) > 5 * len(pack(page))
    assert peer.goodbye is None


def test_its_diffs_are_encoded_in_its_format(house: Any):
    json, packed = house.browse(), house.browse(Sec_WebSocket_Protocol="lastseen.msgpack")
    for peer in (json, packed):
        house.ask(peer, Watch())
    house.register("tcp-1")
    house.presence.publish()
    for peer in (json, packed):
        house.presence.watchers.advance(link_of(house, peer))
        (diff,) = peer.read()
        assert [r.client_id for r in diff.joins] == ["tcp-1"]


# --- signs of life --------------------------------------------------------------------------------


async def test_a_pong_is_a_sign_of_life(pinging: Any, mock_clock: MockClock):
    peer = enter(pinging)
    await answer_for(pinging, mock_clock, 300, peer)
    assert pinging.status("page-1") == "online"
    assert 29 <= peer.pings <= 31


async def test_of_a_page_a_pong_keeps_the_link_but_only_its_own_messages_are_signs_of_life(
    pinging: Any, mock_clock: MockClock
):
    hung, well = enter(pinging, "hung", page=True), enter(pinging, "well", page=True)
    for _ in range(2):
        await answer_for(pinging, mock_clock, 50, hung, well)
        pinging.ask(well, Ping())
    assert pinging.status("hung") == "late"
    assert pinging.status("well") == "online"
    assert pinging.ask(hung, GetSettings())  # its link stands
    assert pinging.status("hung") == "online"
    await answer_for(pinging, mock_clock, 100, hung, well)
    pinging.ask(well, Ping())
    await answer_for(pinging, mock_clock, 35, hung, well)
    assert pinging.status("hung") == "offline"
    assert pinging.reason("hung") == "timeout"
    assert hung.goodbye == Goodbye("timeout", reconnect=True)
    assert hung.close == (4008, "heartbeat timeout")
    assert pinging.status("well") == "online"


def test_being_a_page_is_a_matter_of_the_register_that_was_accepted(house: Any):
    peer = enter(house, "page-1", page=True)
    house.ask(peer, Register("page-2"))
    conversation = link_of(house, peer)._conversation
    assert conversation._is_page


# --- the heartbeat --------------------------------------------------------------------------------


async def test_who_answers_no_ping_is_closed_and_late_and_then_offline(
    pinging: Any, mock_clock: MockClock, capsys: pytest.CaptureFixture[str]
):
    peer = enter(pinging)
    await pinging.pass_time(mock_clock, 31)
    assert peer.goodbye == Goodbye("timeout", reconnect=True)
    assert peer.close == (4008, "heartbeat timeout")
    assert peer.ended
    assert peer.pings == 2
    assert pinging.reason("page-1") == "closed"
    (line,) = [r for r in capsys.readouterr().err.splitlines() if "heartbeat timeout" in r]
    assert "client_id=page-1" in line
    assert "unanswered=2" in line
    silence = float(line.partition("silence=")[2].split()[0])
    assert 20 <= silence <= 31
    await pinging.pass_time(mock_clock, 5 + 10 + 1)
    assert pinging.status("page-1") == "offline"


async def test_any_message_shows_that_a_link_lives(pinging: Any, mock_clock: MockClock):
    peer = enter(pinging)
    for _ in range(10):
        await pinging.pass_time(mock_clock, 15)
        pinging.ask(peer, Ping())
    assert peer.goodbye is None
    assert peer.pings == 15


async def test_watchers_are_pinged_and_closed_too(pinging: Any, mock_clock: MockClock):
    dead, well = pinging.browse(), pinging.browse()
    for peer in (dead, well):
        pinging.ask(peer, Watch())
    await answer_for(pinging, mock_clock, 300, well)
    assert dead.close == (4008, "heartbeat timeout")
    assert well.goodbye is None
    assert len(pinging.presence.watchers) == 1


async def test_pongs_make_no_observer_of_a_stranger(pinging: Any, mock_clock: MockClock):
    peer = pinging.browse()
    await answer_for(pinging, mock_clock, HELLO_DEADLINE + 2, peer)
    assert peer.goodbye == Goodbye("idle", reconnect=True)
    assert peer.close == (4003, "idle")


async def test_nobody_is_pinged_before_the_handshake_is_over(pinging: Any, mock_clock: MockClock):
    peer = pinging.arrive()
    peer.say_bytes(b"GET /ws HTTP/1.1\r\n")
    await pinging.pass_time(mock_clock, HELLO_DEADLINE - 1)
    assert len(pinging.browsers.heartbeat) == 0
    with pytest.raises(BlockingIOError):
        peer.socket.recv(1)


async def test_a_handshake_has_a_deadline(pinging: Any, mock_clock: MockClock):
    peers = [pinging.arrive(), pinging.arrive()]
    peers[1].say_bytes(b"GET /ws HTTP/1.1\r\n")
    await pinging.pass_time(mock_clock, HELLO_DEADLINE + 2)
    for peer in peers:
        assert peer.socket.recv(4096).startswith(b"HTTP/1.1 408 ")
        assert peer.socket.recv(4096) == b""
    await pinging.pass_time(mock_clock, 5)
    assert len(pinging.pump) == 0  # also of those that do not close


def test_the_heartbeat_forgets_who_has_gone(house: Any):
    gone = [enter(house, f"page-{n}") for n in range(4)]
    assert len(house.browsers.heartbeat) == 4
    gone[0].hang_up()
    gone[1].bid_farewell()
    house.ask(gone[2], Leave())
    gone[3].say_bytes(b"\xff\xff")
    house.settle()
    assert len(house.browsers.heartbeat) == 0


# --- the end --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        (1000, "offline", "left"),
        (1001, "offline", "left"),
        (None, "offline", "left"),
        (4000, "late", "closed"),
        (1011, "late", "closed"),
    ],
)
def test_a_closing_handshake_of_the_peer_is_a_leave_or_a_broken_link(
    house: Any, code: int | None, status: str, reason: str
):
    peer = enter(house)
    peer.bid_farewell(code)
    house.settle()
    assert peer.close is not None
    assert peer.close[0] == (1005 if code is None else code)
    assert peer.ended
    assert (house.status("page-1"), house.reason("page-1")) == (status, reason)


def test_a_link_that_just_ends_is_a_broken_one(house: Any):
    peer = enter(house)
    peer.hang_up()
    house.settle()
    assert (house.status("page-1"), house.reason("page-1")) == ("late", "closed")


async def test_who_closes_only_in_words_is_closed(living_house: Any, mock_clock: MockClock):
    peer = enter(living_house)
    peer.bid_farewell()
    await living_house.pass_time(mock_clock, LEAVE_DEADLINE + 2)
    assert len(living_house.pump) == 0


def test_a_goodbye_of_an_old_session_leaves_the_newer_one_alone(house: Any):
    old, new = enter(house), enter(house)
    assert old.goodbye == Goodbye("replaced", reconnect=True)
    assert old.close == (4001, "replaced")
    old.say_bytes(b"\x88\x82\x00\x00\x00\x00\x03\xe8")  # a closing frame, code 1000
    house.settle()
    assert house.status("page-1") == "online"
    assert house.ask(new, Ping()) == [Pong()]


@pytest.mark.parametrize(
    ("data", "code", "reason"),
    [
        (b"\x81\xff" + b"\x00\x00\x00\x00\x04\x00\x00\x00", 1009, "frame_too_long"),
        (b"\x81\x82\x00\x00\x00\x00\xc3\x28", 1007, "unreadable"),
        (b"\x82\x80\x00\x00\x00\x00", 1003, "unreadable"),
        (b"\xff\xff", 1002, "unreadable"),
    ],
)
def test_broken_framing_closes_that_link_alone_with_its_code(
    house: Any, data: bytes, code: int, reason: str
):
    other, peer = enter(house, "other"), enter(house)
    peer.say_bytes(data)
    house.settle()
    error, goodbye = peer.read()
    assert isinstance(error, Error)
    assert (error.code, goodbye) == (reason, Goodbye(reason, reconnect=False))
    assert peer.close is not None
    assert peer.close[0] == code
    assert house.status("page-1") == "late"
    assert house.ask(other, Ping()) == [Pong()]


# --- the door -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        UpdateSettings(30, request_id=5),
        Forget("web-01", request_id=5),
        Silence(3600, client="*", request_id=5),
        Unsilence(1, request_id=5),
        Retry(1, request_id=5),
        EnableChannel("ops", request_id=5),
    ],
)
def test_a_page_of_another_port_of_this_machine_may_look_and_not_administer(
    change: Any, house: Any
):
    page = house.browse(Origin="http://localhost:3000")
    assert [type(answer) for answer in house.ask(page, List())] == [ClientList]
    (refused,) = house.ask(page, change)
    assert (refused.code, refused.request_id) == ("forbidden", 5)
    assert refused.message == "that needs the role 'admin'; a web page has client, observer"
    assert house.presence.policy.heartbeat_interval == 60


def test_a_program_that_is_no_browser_may_administer(house: Any):
    program = house.browse()
    (changed,) = house.ask(program, UpdateSettings(30))
    assert changed.heartbeat_interval == 30


def test_another_path_or_origin_is_refused_and_the_log_says_why(
    house: Any, capsys: pytest.CaptureFixture[str]
):
    peer = house.browse(Origin="https://evil.example")
    assert peer.response == 403
    assert peer.ended
    log = capsys.readouterr().err
    assert "not let in" in log
    assert "websocket.origins" in log
    assert house.browse(Origin="http://localhost:8082").response == 101


def response_to(house: Any, origin: str, host: str) -> int:
    """The status of the answer to a page that asks for a host by this name."""
    peer = house.arrive()
    peer.say_bytes(
        f"GET /ws HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    house.settle()
    return int(peer.socket.recv(65_536).split()[1])


def test_a_page_whose_name_was_made_to_lead_here_is_refused_wherever_it_is_listened(
    build: Callable[..., Any], capsys: pytest.CaptureFixture[str]
):
    for host in ("127.0.0.1", "0.0.0.0"):  # noqa: S104 - nothing listens
        house = build(websocket={"host": host}, allow_anonymous=True)
        assert response_to(house, "http://evil.example:8082", "evil.example:8081") == 421
        log = capsys.readouterr().err
        assert "not let in" in log
        assert "websocket.public_url" in log


def test_pages_of_this_machine_by_its_addresses_and_its_own_name_are_let_in(
    build: Callable[..., Any],
):
    house = build(websocket={"host": "0.0.0.0"}, allow_anonymous=True)  # noqa: S104 - as above
    machine = socket.gethostname()
    mdns = machine.partition(".")[0] + ".local"
    names = ["localhost", "127.0.0.1", "192.0.2.7", "[2001:db8::1]", machine, mdns]
    for name in names:
        assert response_to(house, f"http://{name}:8082", f"{name}:8081") == 101, name


@pytest.mark.parametrize("host", ["hub.example", "127.0.0.1:8081", "localhost:8081"])
def test_behind_a_proxy_its_pages_are_let_in_whether_it_hands_the_host_on_or_not(
    build: Callable[..., Any], host: str
):
    house = build(websocket={"public_url": "wss://hub.example/ws"})
    assert response_to(house, "https://hub.example", host) == 101
    assert response_to(house, "https://evil.example", host) == 403


def test_the_settings_say_which_path_and_which_origins(build: Callable[..., Any]):
    house = build(websocket={"path": "/lastseen", "origins": ("https://hub.example",)})
    peer = house.arrive()
    peer.library.uri.path = "/lastseen"  # as the library keeps it
    peer.request(Origin="https://hub.example")
    house.settle()
    peer.read()
    assert peer.response == 101
    assert house.browse().response == 404


def test_a_proxy_s_public_url_lets_its_pages_in(build: Callable[..., Any]):
    house = build(websocket={"public_url": "wss://hub.example/ws"})
    assert house.browse(Origin="https://hub.example").response == 101
    assert house.browse(Origin="https://other.example").response == 403


def test_pages_that_the_http_port_shows_by_a_proxy_are_let_in(build: Callable[..., Any]):
    house = build(http={"public_url": "https://hub.example/lastseen/"})
    assert house.browse(Origin="https://hub.example").response == 101
    assert house.browse(Origin="https://other.example").response == 403


def test_connections_of_both_kinds_count_for_one_address(build: Callable[..., Any]):
    house = build(max_connections_per_address=1)
    house.connect(("192.0.2.8", 1))
    peer = house.arrive(("192.0.2.8", 2))
    peer.request()
    house.settle()
    peer.read()
    assert peer.response == 429
    assert house.presence.counts.refused == 1
    assert house.arrive(("192.0.2.9", 3)) is not None


def test_a_full_server_is_full_for_both_kinds(build: Callable[..., Any]):
    house = build(max_clients=1)
    house.register("tcp-1")
    peer = house.browse()
    error, goodbye = house.ask(peer, Register("page-1"))
    assert (error.code, goodbye.reason) == ("server_full", "server_full")
    assert peer.close == (4005, "server_full")


# --- pace -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ping", "pong", "message", "part"])
def test_a_peer_that_talks_too_fast_is_told_so_and_closed(house: Any, kind: str):
    other, peer = enter(house, "other"), enter(house)

    def say() -> None:
        if kind == "ping":
            peer.library.send_ping(b"")
        elif kind == "pong":
            peer.library.send_pong(b"")
        elif kind == "message":
            peer.library.send_text(b'{"type":"ping"}')
        else:
            peer.library.send_continuation(b"", fin=False)
        peer._send()

    if kind == "part":
        peer.library.send_text(b"{", fin=False)
    said = 0
    while peer.goodbye is None:
        assert said <= MOST_FRAMES
        for _ in range(50):
            say()
            said += 1
        house.settle()
    assert said > MOST_FRAMES - 60
    assert peer.heard[-2].code == "too_fast"
    assert peer.heard[-1].reconnect
    assert peer.heard[-1].retry_after >= 30
    assert peer.close == (1008, "too_fast")
    assert house.ask(other, Ping()) == [Pong()]


async def test_as_many_in_a_longer_time_are_not_too_fast(
    build_living: Callable[..., Any], mock_clock: MockClock
):
    house = build_living(websocket={"ping_interval": 0.0})
    peer = enter(house)
    for _ in range(4):
        for _ in range(MOST_FRAMES // 50 - 1):
            for _ in range(50):
                peer.say(Ping())
            house.settle([peer])
        await house.pass_time(mock_clock, WINDOW)
    assert peer.goodbye is None
