"""The WebSocket servers that are measured: ours, and what one would write with a library."""

import subprocess
import sys

from benchmarks.peers import LASTSEEN_SERVER, Peer

_LASTSEEN_CONFIG = """\
[server]
port = 0
max_clients = 100000

[websocket]
port = {{port}}
ping_interval = {ping_interval}

[http]
port = 0

[store]
url = "{store}"

[log]
level = "warning"
"""

NEVER = 3600.0
"""Seconds: a heartbeat that does not beat while something else is measured."""

_FIND_WS = "process.stdout.write(require('ws/package.json').version)"


def web_peers(
    ping_interval: float = NEVER, store: str = "sqlite:///lastseen.db"
) -> tuple[Peer, Peer, Peer]:
    """Ours, npm's and Python's, each with a heartbeat of so many seconds; `store` is for ours."""
    ours = Peer(
        "lastseen",
        str(LASTSEEN_SERVER),
        "websocket",
        _LASTSEEN_CONFIG.format(ping_interval=ping_interval, store=store),
        lambda config, _: [str(LASTSEEN_SERVER), "--config", str(config)],
    )
    npm = Peer(
        "npm ws",
        "node",
        "websocket",
        "",
        lambda _, port: ["node", "benchmarks/plain_ws_server.cjs", str(port), str(ping_interval)],
        _lacks_ws,
    )
    return ours, npm, _websockets("websockets", "none", ping_interval)


def _websockets(name: str, compression: str, ping_interval: float) -> Peer:
    module = [sys.executable, "-m", "benchmarks.plain_websockets_server"]
    return Peer(
        name,
        sys.executable,
        "websocket" if compression == "none" else "websocket, compressing",
        "",
        lambda _, port: [*module, str(port), str(ping_interval), compression],
    )


COMPRESSING = _websockets("websockets, deflate", "deflate", NEVER)
"""The library as it is by default."""


def ws_version() -> str | None:
    """The version of npm's `ws` that node finds; None: there is none, or no node."""
    try:
        node = subprocess.run(
            ["node", "-e", _FIND_WS], cwd="benchmarks", capture_output=True, text=True
        )
    except FileNotFoundError:
        return None
    return node.stdout if node.returncode == 0 else None


def _lacks_ws() -> str | None:
    if ws_version() is None:
        return "node does not find `ws` (npm install --prefix benchmarks; or NODE_PATH)"
    return None
