"""Links that are half open: hosts are parted, and nobody's kernel says a word.

Both sides find out by themselves within their deadlines, and when the network is whole again
everyone is back without being asked.
"""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.end_to_end import conftest as base
from tests.end_to_end.lan import conftest as lan

TIMEOUT, REAP, HEARTBEAT = 4.0, 0.5, 0.5
"""Seconds; connection_timeout, reap_interval, heartbeat_interval."""

CLIENTS = 4

BUSY = 10.0
"""Seconds that a busy machine may add."""

SEVERAL = """
import sys, trio
from functools import partial
from lastseen.client import connect
async def main():
    async with trio.open_nursery() as nursery:
        for number in range(int(sys.argv[2])):
            nursery.start_soon(live, f"web-{number}")
async def live(client_id):
    def say(event):
        print(client_id, type(event).__name__, flush=True)
    options = dict(client_id=client_id, on_event=say, pong_deadline=2, jitter=lambda: 0.2)
    async with connect(sys.argv[1], **options):
        await trio.sleep_forever()
trio.run(main)
"""


class Far(base.Server):
    """A server on a host of the test's own network."""

    def __init__(self, folder: Path, host: Any, **sections: dict[str, Any]) -> None:
        """`sections` change the settings."""
        self.config, self.log_path = folder / "config.toml", folder / "server.log"
        settings = {section: dict(values) for section, values in base.FAST.items()}
        settings["server"] = {
            "host": host.address,
            "port": 8080,
            "allow_anonymous": True,
            "heartbeat_interval": HEARTBEAT,
            "connection_timeout": TIMEOUT,
            "reap_interval": REAP,
        }
        settings["websocket"] = {"enabled": False}
        for section, values in sections.items():
            settings[section] = {**settings.get(section, {}), **values}
        self.write(settings)
        command = [*host.within, *base.SERVER, "--config", str(self.config)]
        with self.log_path.open("wb") as log:
            base.Process.__init__(self, *command, stderr=log)
        self.place = f"{host.address}:8080"

    def offline(self) -> set[str]:
        """Who was given up on so far."""
        return {event["client_id"] for event in self.events("client offline", reason="timeout")}


@pytest.fixture
def network(tool: Callable[..., str], without: Any, monkeypatch: Any) -> Iterator[Any]:
    """A bridge, and hosts on it."""
    tool("ip", "iproute2")
    monkeypatch.setenv("PATH", lan.PATH, prepend=":")
    network = lan.Network(f"lsf{time.time_ns() % 10**6}")
    try:
        network.make()
    except AssertionError as error:
        network.unmake()
        without(f"no network namespaces can be made here (that needs root): {error}")
    yield network
    network.unmake()


@pytest.fixture
def far(network: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Far]:
    """A server on host 1."""
    server = Far(tmp_path, network.host(1))
    request.node.server_logs = [server.log_path]
    try:
        yield server.ready()
    finally:
        server.end()


@pytest.fixture
def said(network: Any, far: Far, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """What the clients on host 2 say of their links; all of them are present."""
    arguments = (*network.host(2).within, sys.executable, "-c", SEVERAL)
    with (tmp_path / "clients").open("w") as output:
        clients = base.Process(*arguments, far.place, str(CLIENTS), stdout=output)
    try:
        for number in range(CLIENTS):
            far.logged("client online", client_id=f"web-{number}")
        yield (tmp_path / "clients").read_text
    finally:
        clients.end()


def test_parted_both_sides_notice_in_time_and_are_together_again(
    network: Any, far: Far, said: Any, until_slowly: Any
):
    network.host(2).unplug()
    parted = time.monotonic()
    until_slowly(far.offline, "the first is given up on")
    first = time.monotonic() - parted
    until_slowly(lambda: len(far.offline()) == CLIENTS, "all are given up on")
    last = time.monotonic() - parted
    assert first >= TIMEOUT - HEARTBEAT - 0.1
    assert last <= TIMEOUT + REAP + BUSY
    until_slowly(lambda: ends(said()) == CLIENTS, "all clients have noticed")
    network.host(2).plug_in()
    until_slowly(lambda: len(back(far)) == CLIENTS, "all are back")
    assert not far.events("a connection crashed")


@pytest.mark.usefixtures("said")
def test_a_partition_shorter_than_the_timeout_takes_nobody_away(
    network: Any, far: Far, until_slowly: Any
):
    heard_before = pings(far, network)
    network.host(2).unplug()
    time.sleep(TIMEOUT / 4)  # the partition itself: nothing can be waited for
    network.host(2).plug_in()
    until_slowly(lambda: pings(far, network) > heard_before + 10 * CLIENTS, "all ping on")
    assert not far.offline()


def ends(said: str) -> int:
    """How many clients have lost their link."""
    return len(set(re.findall(r"(\S+) Disconnected", said)))


def back(far: Far) -> set[str]:
    return {event["client_id"] for event in far.events("client online", reason="returned")}


def pings(far: Far, network: Any) -> int:
    """How many the server has answered, asked on its own host."""
    command = [*network.host(1).within, sys.executable, "-m", "lastseen.client", "stats"]
    done = subprocess.run(
        [*command, "--json", "--server", far.place], capture_output=True, text=True, timeout=60
    )
    (count,) = re.findall(r'"pings": ?(\d+)', done.stdout)
    return int(count)
