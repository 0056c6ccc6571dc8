"""A LAN of the test's own: hosts in network namespaces on a bridge, with real members on them.

Everything made here is unmade: processes are ended by their ids, namespaces by their names.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.end_to_end import conftest as base

INSTALL = (
    "apt-get install -y --no-install-recommends"
    " iptux xvfb iproute2 nftables dbus-daemon libglib2.0-bin"
)
TOOLS = ("iptux", "Xvfb", "ip", "nft", "unshare", "dbus-daemon", "gapplication")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

INTERVAL, TIMEOUT = 0.5, 3.0
"""Of announcements, and until a silent member is given up on: as short as whole seconds allow."""

LEGACY = "gbk"

IPTUX = "io.github.iptux_src.iptux"
"""The name by which a running iptux can be told to quit."""

BUS = """<busconfig><type>session</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>"""


def _without(reason: str) -> None:
    pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)


def run(*words: str) -> str:
    """Run a tool to its end, and give what it printed."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr.strip()}"
    return done.stdout


class Host:
    """One machine on the LAN.

    Attributes:
        namespace: Where its processes run.
        address: `10.77.0.N`.
    """

    def __init__(self, lan: "Network", number: int) -> None:
        self.namespace, self.address = f"{lan.name}-{number}", f"10.77.0.{number}"
        self._switch, self._port = lan.switch, f"p{number}"
        lan.add_namespace(self.namespace)
        run("ip", "-n", self.namespace, "link", "add", "eth0", "type", "veth",
            "peer", "name", self._port, "netns", self._switch)  # fmt: skip
        self.plug_in()
        run("ip", "-n", self._switch, "link", "set", self._port, "up")
        run("ip", "-n", self.namespace, "link", "set", "lo", "up")
        run(
            "ip",
            "-n",
            self.namespace,
            "addr",
            "add",
            f"{self.address}/24",
            "brd",
            "+",
            "dev",
            "eth0",
        )
        self.bring_up()

    @property
    def within(self) -> list[str]:
        return ["ip", "netns", "exec", self.namespace]

    @property
    def client_id(self) -> str:
        return f"lan:{self.address}"

    def plug_in(self) -> None:
        run("ip", "-n", self._switch, "link", "set", self._port, "master", "br0")

    def unplug(self) -> None:
        """A partition that nobody notices: the interface stays up."""
        run("ip", "-n", self._switch, "link", "set", self._port, "nomaster")

    def bring_down(self) -> None:
        """An outage that the machine knows of."""
        run("ip", "-n", self.namespace, "link", "set", "eth0", "down")

    def bring_up(self) -> None:
        run("ip", "-n", self.namespace, "link", "set", "eth0", "up")
        # iptux sends there, too, and has no other way to.
        run("ip", "-n", self.namespace, "route", "replace", "255.255.255.255", "dev", "eth0")

    def add(self, address: str) -> None:
        """One address more: `10.78.0.1/16`."""
        run("ip", "-n", self.namespace, "addr", "add", address, "brd", "+", "dev", "eth0")

    def lose(self, percent: int) -> None:
        """Lose so many of all datagrams that come in, by chance."""
        chain = "{ type filter hook input priority 0; }"
        drop = f"meta l4proto udp numgen random mod 100 < {percent} drop"
        for rule in ("table inet t", f"chain inet t c {chain}", f"rule inet t c {drop}"):
            run(*self.within, "nft", f"add {rule}")


class Network:
    """A bridge in a namespace of its own, and the hosts on it."""

    def __init__(self, name: str) -> None:
        self.name, self.switch = name, f"{name}-sw"
        self._namespaces: list[str] = []
        self._hosts: dict[int, Host] = {}

    def make(self) -> None:
        self.add_namespace(self.switch)
        run("ip", "-n", self.switch, "link", "add", "br0", "type", "bridge")
        run("ip", "-n", self.switch, "link", "set", "br0", "type", "bridge",
            "stp_state", "0", "forward_delay", "0", "mcast_snooping", "0")  # fmt: skip
        run("ip", "-n", self.switch, "link", "set", "br0", "up")

    def add_namespace(self, name: str) -> None:
        run("ip", "netns", "add", name)
        self._namespaces.append(name)

    def host(self, number: int) -> Host:
        if number not in self._hosts:
            self._hosts[number] = Host(self, number)
        return self._hosts[number]

    def unmake(self) -> None:
        for name in self._namespaces:
            run("ip", "netns", "del", name)


@pytest.fixture(scope="session")
def _tools() -> None:
    missing = [tool for tool in TOOLS if shutil.which(tool, path=PATH) is None]
    if missing:
        _without(f"no {', '.join(missing)} here: {INSTALL}")


@pytest.fixture
def network(_tools: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    """An empty LAN."""
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:{PATH}")
    network = Network(f"ls{os.getpid()}")
    try:
        network.make()
    except AssertionError as error:
        network.unmake()
        _without(f"no network namespaces can be made here (that needs root): {error}")
    yield network
    network.unmake()


class Hub(base.Server):
    """A `lastseen-server` on one host.

    Attributes:
        host: Where it runs.
    """

    def __init__(self, folder: Path, host: Host, **sections: Any) -> None:
        self.host = host
        self.config, self.log_path = folder / "config.toml", folder / "server.log"
        self.write(self._settings(sections))
        with self.log_path.open("wb") as log:
            base.Process.__init__(
                self, *host.within, *base.SERVER, "--config", str(self.config), stderr=log
            )
        self.ready()

    def _settings(self, sections: dict[str, Any]) -> dict[str, Any]:
        own = {
            "websocket": {"enabled": False},
            "http": {"enabled": False},
            "log": {"format": "json", "level": "debug"},
            "lan": {
                "enabled": True,
                "announce_interval": INTERVAL,
                "peer_timeout": TIMEOUT,
                "user": "lastseen",
                "host": self.host.namespace,
                "legacy_encoding": LEGACY,
            },
        }
        names = base.FAST | own | sections
        return {
            name: base.FAST.get(name, {}) | own.get(name, {}) | sections.get(name, {})
            for name in names
        }

    def came(self, host: Host, reason: str = "registered") -> dict[str, Any]:
        """Wait until somebody there is online for this reason."""
        return self.logged("client online", client_id=host.client_id, reason=reason)

    def went(self, host: Host, reason: str) -> dict[str, Any]:
        """Wait until somebody there is offline for this reason."""
        return self.logged("client offline", client_id=host.client_id, reason=reason)

    def peers(self) -> dict[str, dict[str, Any]]:
        """What `lastseen lan peers` tells, by client_id."""
        found = self.lastseen("lan", "peers", "--all", "--json", "--server", self.address)
        return {record["client_id"]: record for record in json.loads(found)}

    def stats(self) -> dict[str, Any]:
        found = self.lastseen("stats", "--json", "--server", self.address)
        lan: dict[str, Any] = json.loads(found)["lan"]
        return lan

    def lastseen(self, *words: str) -> str:
        return lastseen(self.host, *words)


def lastseen(host: Host, *words: str) -> str:
    """Run `lastseen` on a host."""
    return run(*host.within, sys.executable, "-m", "lastseen.client", *words)


@pytest.fixture
def hub(network: Network, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Starts servers, each on a host: `hub(1, lan={…})`."""
    request.node.server_logs = []
    with ExitStack() as ending:

        def start(number: int, **sections: Any) -> Hub:
            folder = tmp_path / f"hub-{number}-{len(request.node.server_logs)}"
            folder.mkdir()
            request.node.server_logs.append(folder / "server.log")
            server = Hub(folder, network.host(number), **sections)
            ending.callback(server.end)
            return server

        yield start


class Iptux(base.Process):
    """A real iptux on one host, with a home and a bus of its own."""

    def __init__(self, folder: Path, host: Host, display: str, settings: dict[str, Any]) -> None:
        self._bus_address = f"unix:path={folder / 'bus'}"
        self._bus = self._start_bus(folder)
        for name in (".iptux", "run"):
            (folder / name).mkdir(mode=0o700)
        told = {"hide_startup": True, **settings}
        (folder / ".iptux" / "config.json").write_text(json.dumps(told, ensure_ascii=False))
        with (folder / "iptux.log").open("wb") as log:
            super().__init__(
                # Two on one machine's name would be one member, by the protocol.
                *(*host.within, "unshare", "--uts", "sh", "-c"),
                f"hostname {folder.name}; exec iptux",
                env=self._environment(folder, display),
                stdout=log,
                stderr=log,
            )

    def crash(self) -> None:
        """SIGTERM: it says nothing to anybody."""
        self.signal(signal.SIGTERM)
        self.wait()

    def quit(self) -> None:
        """As from its menu: it says goodbye, by unicast, to every member it knows, to no other."""
        environment = os.environ | {"DBUS_SESSION_BUS_ADDRESS": self._bus_address}
        quit_ = ["gapplication", "action", IPTUX, "quit"]

        def told() -> bool:  # it may be still on its way to its bus
            return subprocess.run(quit_, env=environment, capture_output=True).returncode == 0

        base.until(told, "iptux is told to quit")
        self.wait()

    def end(self) -> None:
        super().end()
        self._bus.end()

    def _start_bus(self, folder: Path) -> Any:
        config = folder / "bus.xml"
        config.write_text(BUS.format(socket=folder / "bus"))
        bus = base.Process("dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile",
                           stderr=subprocess.DEVNULL)  # fmt: skip
        base.until((folder / "bus").exists, "a bus")
        return bus

    def _environment(self, folder: Path, display: str) -> dict[str, str]:
        home = str(folder)
        return {
            "PATH": PATH,
            "HOME": home,
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "XDG_CONFIG_HOME": f"{home}/.config",
            "XDG_CACHE_HOME": f"{home}/.cache",
            "LANG": "C.UTF-8",
            "DISPLAY": display,
            "GSETTINGS_BACKEND": "memory",
            "GIO_USE_VFS": "local",
            "NO_AT_BRIDGE": "1",
            "DBUS_SESSION_BUS_ADDRESS": self._bus_address,
        }


@pytest.fixture(scope="session")
def display(_tools: None) -> Iterator[str]:
    """A screen that nobody sees."""
    reading, writing = os.pipe()
    server = base.Process("Xvfb", "-displayfd", str(writing), "-screen", "0", "640x480x16",
                          "-nolisten", "tcp", pass_fds=(writing,),
                          stderr=subprocess.DEVNULL)  # fmt: skip
    os.close(writing)
    with os.fdopen(reading) as number:
        found = number.readline().strip()
    assert found, "Xvfb has ended"
    yield f":{found}"
    server.end()


@pytest.fixture
def iptux(network: Network, display: str, tmp_path_factory: Any) -> Iterator[Callable[..., Iptux]]:
    """Starts iptux on a host: `iptux(2, nick_name="Ann")`."""
    with ExitStack() as ending:

        def start(number: int, **settings: Any) -> Iptux:
            # A short path: that of a socket may have 107 bytes.
            folder = tmp_path_factory.mktemp(f"m{number}")
            member = Iptux(folder, network.host(number), display, settings)
            ending.callback(member.end)
            return member

        yield start


class Command(base.Process):
    """A `lastseen` that stays, on one host."""

    def __init__(self, host: Host, *words: str) -> None:
        command = (*host.within, sys.executable, "-m", "lastseen.client", *words)
        super().__init__(*command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def line(self) -> dict[str, Any]:
        """The next line that it prints, as JSON."""
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found


@pytest.fixture
def staying(network: Network) -> Iterator[Callable[..., Command]]:
    """Starts `lastseen` on a host: `staying(2, "watch")`."""
    with ExitStack() as ending:

        def start(number: int, *words: str) -> Command:
            command = Command(network.host(number), *words)
            ending.callback(command.end)
            return command

        yield start


@pytest.fixture
def announcing(staying: Callable[..., Command]) -> Callable[..., Command]:
    """A member without a server on a host."""
    return lambda number, *words: staying(number, "lan", "announce", "--json", *words)


@pytest.fixture
def connecting(staying: Callable[..., Command]) -> Callable[..., Command]:
    """A client on a host that searches for its server."""
    return lambda number, *words: staying(number, "connect", "--lan", *words)


@pytest.fixture
def fails() -> Callable[..., str]:
    """Runs a `lastseen` that fails with exit code 1 on a host, and gives what it said."""

    def fail(host: Host, *words: str) -> str:
        command = (*host.within, sys.executable, "-m", "lastseen.client", *words)
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 1
        return done.stderr

    return fail


@pytest.fixture
def on() -> Callable[..., str]:
    """Runs `lastseen` on a host, and gives what it printed."""
    return lastseen


@pytest.fixture
def until() -> Callable[..., Any]:
    """Waits for something to be true."""
    return base.until
