"""Pages in a real Chromium: one browser for all tests, a context for each page.

Playwright wants a thread of its own, so pages are spoken to from there. They are served by a small
HTTP server on loopback, which knows an empty page, the example of the docs, and `lastseen.js`.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

ROOT = Path(__file__).parents[3]
MODULE = ROOT / "server/lastseen/server/web/lastseen.js"
EXAMPLE = ROOT / "docs/example.html"

FLAGS = [
    "--no-sandbox",  # tests may run as root
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

CALM = {"heartbeat_interval": 5, "connection_timeout": 10}
"""Settings by which no page is late because the machine is busy."""

SOON = 60.0
"""Seconds within which anything must have happened, also on a busy machine."""

EMPTY = b"<!doctype html><meta charset=utf-8><title>A page</title><link rel=icon href=data:,>"

LISTEN = """
window.sent = [];
const { send } = WebSocket.prototype;
WebSocket.prototype.send = function (text) {
  window.sent.push(JSON.parse(text));
  return send.call(this, text);
};
"""

CONNECT = """async ([url, options]) => {
  const { connect } = await import("/lastseen.js");
  window.states = [];
  window.presence = await connect(url, options);
  presence.addEventListener("statechange", ({ detail }) => states.push(detail));
}"""

SEEN = "() => Object.fromEntries([...presence.clients].map(([id, { status }]) => [id, status]))"

NGINX = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
{locations}
  }}
}}
"""

LOCATION = """
    location /{name}/ {{
      proxy_pass http://127.0.0.1:{port}/;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
      proxy_read_timeout 5s;
    }}
"""

P = ParamSpec("P")
R = TypeVar("R")


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """Finds a program. Without it a test is skipped, but not where everything must run."""

    def program(name: str) -> str:
        found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
        if found is None:
            missing = f"{name} is not installed: on Debian and Ubuntu, apt-get install {name}"
            if os.environ.get("CI"):
                pytest.fail(missing, pytrace=False)
            pytest.skip(missing)
        return found

    return program


# --- the pages' own server


class _Pages(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/lastseen.js":
            self._give("text/javascript", MODULE.read_bytes())
        elif path == "/example.html":
            self._give("text/html", EXAMPLE.read_bytes())
        else:
            self._give("text/html", EMPTY)

    def _give(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The address under which pages are served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


# --- the browser


class Chromium:
    """A browser, and the one thread that may speak to it."""

    def __init__(self, executable: str) -> None:
        self._thread = ThreadPoolExecutor(1, "playwright")
        self._driver = self.do(sync_playwright().start)
        self.browser: Browser = self.do(
            self._driver.chromium.launch,
            executable_path=executable,
            args=FLAGS,
            # Pages that were left are kept whole, as everywhere but under Playwright.
            ignore_default_args=["--disable-back-forward-cache"],
        )

    def do(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call something of Playwright's."""
        return self._thread.submit(function, *args, **kwargs).result(3 * SOON)

    def processes(self, kind: str | None = None) -> list[int]:
        """The ids of its processes, or of those of a `--type`."""
        found = [pid for pid in _descendants(os.getpid()) if b"chrom" in _command(pid)[:40]]
        return [pid for pid in found if not kind or f"--type={kind}".encode() in _command(pid)]

    def signal(self, number: signal.Signals, kind: str | None = None) -> None:
        for pid in self.processes(kind):
            os.kill(pid, number)

    def end(self) -> None:
        self.do(self.browser.close)
        self.do(self._driver.stop)
        self._thread.shutdown()


def _descendants(parent: int) -> Iterator[int]:
    for children in Path(f"/proc/{parent}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            yield child
            yield from _descendants(child)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.fixture(scope="session")
def chromium(program: Callable[[str], str]) -> Iterator[Chromium]:
    """One browser for all tests."""
    browser = Chromium(program("chromium"))
    yield browser
    browser.end()


class Tab:
    """A page in a context of its own, and so in processes of its own."""

    def __init__(self, chromium: Chromium, site: str, context: BrowserContext) -> None:
        self._do = chromium.do
        self._site = site
        self.context = context
        self.page = self._do(context.new_page)
        self._do(self.page.add_init_script, LISTEN)

    def open(self, path: str = "/") -> "Tab":
        self._do(self.page.goto, self._site + path)
        return self

    def run(self, script: str, argument: Any = None) -> Any:
        return self._do(self.page.evaluate, script, argument)

    def until(self, script: str, argument: Any = None) -> None:
        """Wait until a script gives something true."""
        self._do(self.page.wait_for_function, script, arg=argument, timeout=SOON * 1000, polling=50)

    def connect(self, url: str, client_id: str, **options: Any) -> "Tab":
        """Be present as this client."""
        self.run(CONNECT, [url, {"clientId": client_id, **options}])
        return self

    def seen(self) -> dict[str, str]:
        """The status of everyone, as the page has it."""
        return self.run(SEEN)

    def sent(self, kind: str) -> list[dict[str, Any]]:
        """The messages of a type that the page has sent since it was loaded."""
        return [message for message in self.run("() => sent") if message["type"] == kind]

    def go_back(self) -> None:
        self._do(self.page.go_back, wait_until="commit")  # a page kept whole loads nothing

    def screenshot(self, path: str) -> None:
        self._do(self.page.screenshot, path=path)

    def close(self) -> None:
        self._do(self.page.close)


@pytest.fixture
def new_tab(chromium: Chromium, site: str) -> Iterator[Callable[[], Tab]]:
    """Opens tabs, each of a visitor of its own."""
    contexts: list[BrowserContext] = []

    def new_tab() -> Tab:
        contexts.append(chromium.do(chromium.browser.new_context))
        return Tab(chromium, site, contexts[-1]).open()

    yield new_tab
    for context in contexts:
        chromium.do(context.close)


@pytest.fixture
def server(start: Callable[..., Any]) -> Any:
    """A server that is patient with busy browsers."""
    return start(server=CALM)


def url_of(server: Any) -> str:
    return f"ws://127.0.0.1:{server.websocket_port}/ws"


@pytest.fixture
def connected(new_tab: Callable[[], Tab]) -> Callable[..., Tab]:
    """Opens a page that is present at a server."""

    def connected(server: Any, client_id: str = "page-1", **options: Any) -> Tab:
        return new_tab().connect(url_of(server), client_id, **options)

    return connected


# --- others


@pytest.fixture
def listed() -> Callable[..., dict[str, Any]]:
    """What `lastseen list` says of everyone, by client_id."""

    def listed(server: Any, *arguments: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "lastseen.client", "list", "--json", *arguments]
        ran = subprocess.run(
            [*command, "--server", server.address], stdout=subprocess.PIPE, timeout=SOON, check=True
        )
        return {client["client_id"]: client for client in json.loads(ran.stdout)}

    return listed


@pytest.fixture
def proxy(
    tmp_path: Path, program: Callable[[str], str]
) -> Iterator[Callable[..., Callable[[str], str]]]:
    """Starts nginx, which cuts what is silent for 5 s, before servers by name.

    Gives the URL to connect to, by name.
    """
    started: list[subprocess.Popen[bytes]] = []

    def proxy(**servers: Any) -> Callable[[str], str]:
        executable = program("nginx")
        port = _free_port()
        config = tmp_path / "nginx.conf"
        locations = "".join(
            LOCATION.format(name=name, port=server.websocket_port)
            for name, server in servers.items()
        )
        user = "user root;" if os.geteuid() == 0 else ""
        config.write_text(NGINX.format(user=user, folder=tmp_path, port=port, locations=locations))
        errors = str(tmp_path / "error.log")
        started.append(subprocess.Popen([executable, "-e", errors, "-c", str(config)]))
        return lambda name: f"ws://127.0.0.1:{port}/{name}/ws"

    yield proxy
    for process in started:
        process.terminate()
        process.wait(SOON)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
