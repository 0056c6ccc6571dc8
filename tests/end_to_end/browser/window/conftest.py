"""A Chromium whose tabs lie one behind the other, as on a desk.

Under Playwright every page takes itself for the one in front. So these tests speak the DevTools
protocol themselves: then a tab behind another is hidden, and the browser may freeze it.
"""

import json
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

FLAGS = [
    "--headless=new",
    "--no-sandbox",  # tests may run as root
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--remote-debugging-port=0",
]

SOON = 60.0
"""Seconds within which anything must have happened, also on a busy machine."""

CONNECT = """(async () => {
  const { connect } = await import("/lastseen.js");
  window.presence = await connect(URL_, { clientId: ID });
})()"""


LOADED = "document.readyState === 'complete' && location.href !== 'about:blank'"


def until(items: Callable[[], Sequence[Any]], count: int) -> Sequence[Any]:
    """Wait until there are so many items, and give them."""
    deadline = time.monotonic() + SOON
    while len(found := items() or ()) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


class Window:
    """A browser window, and the one connection by which it is steered."""

    def __init__(self, executable: str, folder: Path, *flags: str) -> None:
        command = [executable, *FLAGS, *flags, f"--user-data-dir={folder}", "about:blank"]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        self._end = ExitStack()
        port, path = until(lambda: _lines(folder / "DevToolsActivePort"), 2)
        self._link: ClientConnection = self._end.enter_context(
            connect(f"ws://127.0.0.1:{port}{path}", max_size=None)
        )
        self._commands = 0

    def tell(self, method: str, session: str | None = None, **parameters: Any) -> Any:
        """The result of a command."""
        self._commands += 1
        message = {"id": self._commands, "method": method, "params": parameters}
        self._link.send(json.dumps(message | ({"sessionId": session} if session else {})))
        while (answer := json.loads(self._link.recv(SOON))).get("id") != self._commands:
            pass  # an event that nobody waits for
        assert "error" not in answer, answer
        return answer["result"]

    def open(self, url: str) -> "Tab":
        """A tab before all others."""
        tab = Tab(self, self.tell("Target.createTarget", url=url)["targetId"])
        until(lambda: tab.run(LOADED) and [True], 1)
        return tab

    def end(self) -> None:
        self._end.close()
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(SOON)
        self._process.kill()
        self._process.wait(SOON)


class Tab:
    """One tab of a window."""

    def __init__(self, window: Window, target: str) -> None:
        self._window = window
        self._target = target
        attached = window.tell("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]

    def tell(self, method: str, **parameters: Any) -> Any:
        return self._window.tell(method, self._session, **parameters)

    def run(self, expression: str) -> Any:
        """What an expression gives, or its promise."""
        answer = self.tell(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def connect(self, url: str, client_id: str) -> None:
        self.run(CONNECT.replace("URL_", json.dumps(url)).replace("ID", json.dumps(client_id)))

    def to_front(self) -> None:
        self._window.tell("Target.activateTarget", targetId=self._target)

    def close(self) -> None:
        self._window.tell("Target.closeTarget", targetId=self._target)

    def freeze(self) -> None:
        self.tell("Page.setWebLifecycleState", state="frozen")

    def thaw(self) -> None:
        self.tell("Page.setWebLifecycleState", state="active")


@pytest.fixture(scope="module")
def window(
    tmp_path_factory: pytest.TempPathFactory, program: Callable[[str], str]
) -> Iterator[Window]:
    """One window for all tests of a file."""
    window = Window(program("chromium"), tmp_path_factory.mktemp("window"))
    yield window
    window.end()
