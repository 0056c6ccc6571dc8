"""What systemd hears, on a real datagram socket; and that nothing happens without it."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from lastseen.server.systemd import ServiceManager


class Manager:
    """Stands for systemd: a datagram socket and what arrived there."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.environ = {"NOTIFY_SOCKET": address}

    def heard(self) -> list[str]:
        messages = []
        while True:
            try:
                messages.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return messages

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    abstract = f"@lastseen-test-{os.getpid()}"
    manager = Manager(str(tmp_path / "notify") if request.param == "path" else abstract)
    yield manager
    manager.close()


def test_readiness_is_told_with_a_status(manager: Manager):
    ServiceManager(manager.environ).ready("listening on 127.0.0.1:8080")
    assert manager.heard() == ["READY=1\nSTATUS=listening on 127.0.0.1:8080"]


def test_a_reload_is_told_with_the_monotonic_time_at_which_it_began(manager: Manager):
    before = time.monotonic_ns() // 1000
    ServiceManager(manager.environ).reloading()
    [message] = manager.heard()
    reloading, _, usec = message.partition("\nMONOTONIC_USEC=")
    assert reloading == "RELOADING=1"
    assert before <= int(usec) <= time.monotonic_ns() // 1000


def test_the_shutdown_is_told_with_a_status_or_without(manager: Manager):
    notifier = ServiceManager(manager.environ)
    notifier.stopping("3 clients online")
    notifier.stopping()
    assert manager.heard() == ["STOPPING=1\nSTATUS=3 clients online", "STOPPING=1"]


def test_a_status_cannot_smuggle_in_another_assignment(manager: Manager):
    ServiceManager(manager.environ).ready("one\nWATCHDOG=trigger")
    assert manager.heard() == ["READY=1\nSTATUS=one WATCHDOG=trigger"]


async def test_the_watchdog_hears_a_sign_of_life_twice_in_the_time_it_grants(
    manager: Manager,
    autojump_clock: MockClock,  # noqa: ARG001 - pytest-trio takes the clock from the arguments
):
    environ = manager.environ | {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}
    with trio.move_on_after(59):
        await ServiceManager(environ).watchdog()
    assert manager.heard() == ["WATCHDOG=1"] * 4  # at 0, 15, 30 and 45 seconds


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "9" * 5000},
        {"WATCHDOG_USEC": "-5"},
    ],
)
async def test_without_a_watchdog_meant_for_us_there_are_no_signs_of_life(
    manager: Manager, environ: dict[str, str]
):
    notifier = ServiceManager(manager.environ | environ)
    with trio.fail_after(1):
        await notifier.watchdog()
    assert notifier.watchdog_interval is None
    assert manager.heard() == []


async def test_without_systemd_nothing_happens(capsys: pytest.CaptureFixture[str]):
    notifier = ServiceManager({"WATCHDOG_USEC": "1000000"})
    notifier.ready("listening")
    notifier.reloading()
    notifier.stopping()
    await notifier.watchdog()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("address", ["/nowhere/notify", "vsock:2:1", "/a\0b", "x" * 500])
def test_a_message_that_cannot_be_delivered_is_logged_and_no_more(
    address: str, capsys: pytest.CaptureFixture[str]
):
    ServiceManager({"NOTIFY_SOCKET": address}).ready()
    assert "systemd could not be told" in capsys.readouterr().err


def test_a_deaf_manager_cannot_stop_the_server(
    manager: Manager, capsys: pytest.CaptureFixture[str]
):
    notifier = ServiceManager(manager.environ)
    for _ in range(1000):  # more than any queue of datagrams holds (net.unix.max_dgram_qlen)
        notifier.ready("busy")
        if said := capsys.readouterr().err:
            assert "Resource temporarily unavailable" in said  # at once, not when a time was up
            return
    pytest.fail("1,000 messages that nobody read were all taken")
