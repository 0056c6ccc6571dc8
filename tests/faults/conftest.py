"""Faults made by the kernel and by hostile peers, on real servers.

What other folders show with real processes is not repeated here. In tests/end_to_end/:

    connection storms, no open files left        test_crowd.py
    SIGSTOP, SIGCONT, of the server, of clients  test_stopped_server.py, test_clients.py
    the same of browsers; a proxy that cuts      browser/test_troubles.py
    kill -9, again and again                     store/test_restarts.py, notify/test_kills.py
    a full disk, a database gone or locked       store/test_outages.py
    receivers that fail, hang, are gone          notify/test_receivers.py
    partitions and losses of datagrams           lan/
"""

import itertools
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.end_to_end import conftest as base

from lastseen.shared.messages import Ping, Pong

SEARCHED = "/usr/sbin:/sbin"
"""Where tools of the system are that are not in everyone's PATH."""


start, server, wire, many_files = base.start, base.server, base.wire, base.many_files
start_client = base.start_client
pytest_runtest_makereport = base.pytest_runtest_makereport


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes long is left to `make faults`."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("end_to_end")
    if os.environ.get("FAULTS") != "all":
        left = [item for item in items if item.get_closest_marker("slow")]
        items[:] = [item for item in items if item not in left]
        config.hook.pytest_deselected(items=left)


def _without(reason: str) -> None:
    pytest.fail(reason, pytrace=False) if os.environ.get("CI") == "true" else pytest.skip(reason)


@pytest.fixture(scope="session")
def without() -> Callable[[str], None]:
    """Says what cannot be done here: a failure in CI, elsewhere a reason to skip."""
    return _without


PATIENT = {"heartbeat_interval": 60, "connection_timeout": 120}
"""Nobody falls silent by himself."""


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One server for all tests of a file: whatever befell it before, it goes on as if nothing had.
    Without a store, with every door.
    """
    settings = {section: dict(values) for section, values in base.FAST.items()}
    settings["server"] |= PATIENT
    settings["http"]["enabled"] = True
    server = base.Server(tmp_path_factory.mktemp("steady"), settings)
    yield server.ready()
    assert server.process.poll() is None, server.log_path.read_text()[-5000:]
    server.end()


@pytest.fixture(autouse=True)
def _shown_if_it_fails(request: pytest.FixtureRequest) -> None:
    if "steady" in request.fixturenames:
        request.node.server_logs = [request.getfixturevalue("steady").log_path]


@pytest.fixture
def until() -> Callable[..., Any]:
    """Waits for something to be true."""
    return base.until


@pytest.fixture
def until_slowly() -> Callable[..., Any]:
    """The same, with all the time that a busy machine may take."""

    def until_slowly(condition: Callable[[], Any], what: str) -> Any:
        return base.until(condition, what, 60)

    return until_slowly


@pytest.fixture(scope="session")
def tool() -> Callable[[str, str], str]:
    """Where a program is, by its name and the package that brings it."""

    def tool(name: str, package: str) -> str:
        found = shutil.which(name, path=f"{os.environ['PATH']}:{SEARCHED}")
        if found is None:
            _without(f"{name} is not installed: on Debian and Ubuntu, apt-get install {package}")
        return str(found)

    return tool


# --- system calls that fail


class Injection:
    """A strace that makes chosen system calls of a server fail."""

    def __init__(self, strace: str, pid: int, log: Path, fault: str) -> None:
        """`fault` is in strace's words: `sendto:error=EPIPE:when=1`."""
        self._log = log
        call = fault.partition(":")[0]
        arguments = ["-f", "-p", str(pid), "-o", str(log), "-e", f"trace={call}"]
        self.process = subprocess.Popen(
            [strace, *arguments, "-e", f"inject={fault}"], stderr=subprocess.PIPE, text=True
        )
        assert self.process.stderr is not None
        said = self.process.stderr.readline()
        if "attached" not in said:
            self.end()
            _without(f"strace may not attach to a process here (that needs root): {said.strip()}")

    def done(self) -> list[str]:
        """The calls that failed so far."""
        return re.findall(r".*\(INJECTED\)", self._log.read_text())

    def wait(self, count: int = 1) -> list[str]:
        """Wait until so many have failed."""
        found: list[str] = base.until(
            lambda: len(self.done()) >= count and self.done(),
            f"{count} calls that failed; {self._log.read_text()[-500:]}",
        )
        return found

    def end(self) -> None:
        """Leave the server as it was."""
        self.process.terminate()
        self.process.wait(10)
        assert self.process.stderr is not None
        self.process.stderr.close()


@pytest.fixture
def inject(tool: Any, tmp_path: Path) -> Iterator[Callable[..., Injection]]:
    """Makes a system call of a server fail: `inject(server, "sendto:error=EPIPE:when=1")`."""
    injections: list[Injection] = []

    def inject(server: Any, fault: str) -> Injection:
        log = tmp_path / f"strace-{len(injections)}"
        injections.append(Injection(tool("strace", "strace"), server.process.pid, log, fault))
        return injections[-1]

    yield inject
    for injection in injections:
        injection.end()


# --- honest clients


_numbers = itertools.count(1)


class Honest:
    """Clients that ping and are answered, whatever happens around them."""

    def __init__(self, connect: Callable[[], Any], count: int) -> None:
        self.links = {f"honest-{next(_numbers)}": connect() for _ in range(count)}
        for client_id, link in self.links.items():
            assert link.register(client_id).client_id == client_id

    def ping(self) -> list[float]:
        """Each pings once; how long the answers took, in seconds."""
        return [_ping(link) for link in self.links.values()]

    def survivors(self) -> dict[str, Any]:
        """Those whose links still answer."""
        return {client_id: link for client_id, link in self.links.items() if _answers(link)}


def _ping(link: Any) -> float:
    began = time.monotonic()
    link.say(Ping())
    link.hear_only(Pong)
    return time.monotonic() - began


def _answers(link: Any) -> bool:
    try:
        _ping(link)
    except (OSError, AssertionError):
        return False
    return True


@pytest.fixture
def honest(wire: Any) -> Callable[[Any, int], Honest]:
    """So many honest clients of a server."""
    return lambda server, count: Honest(lambda: wire(server), count)


@pytest.fixture
def faultless() -> Callable[[Any], None]:
    """Asserts that nothing in a server's log is a fault of its own, and that it runs."""

    def faultless(server: Any) -> None:
        assert server.process.poll() is None
        assert not [event for event in server.events() if event["level"] in ("error", "critical")]

    return faultless
