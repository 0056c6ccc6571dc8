"""The server's own page in a real Chromium: opened, read and used as people do."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

SOON = 60_000
"""Milliseconds within which anything must have happened, also on a busy machine."""

DESKTOP = (1280, 800)

WATCH_POLICY = """
window.violations = [];
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
  violations.push(`${violatedDirective} ${blockedURI}`));
"""

STATUSES = """() => Object.fromEntries([...document.querySelectorAll(".row[data-client]")]
  .map(({ dataset }) => [dataset.client, dataset.status]))"""


class Visit:
    """A window that shows the page. All that speaks to Playwright runs in the browser's thread.

    Attributes:
        errors: What went wrong in the page's own code.
    """

    def __init__(self, chromium: Any, context: BrowserContext, url: str) -> None:
        self._do = chromium.do
        self._url = url
        self.page = self._do(context.new_page)
        self.errors: list[str] = []
        self._do(self.page.on, "pageerror", lambda error: self.errors.append(str(error)))
        self._do(self.page.add_init_script, WATCH_POLICY)

    def open(self, query: str = "") -> "Visit":
        self._do(self.page.goto, self._url + query)
        return self

    def run(self, script: str, argument: Any = None) -> Any:
        return self._do(self.page.evaluate, script, argument)

    def until(self, script: str, argument: Any = None) -> None:
        """Wait until a script gives something true."""
        self._do(self.page.wait_for_function, script, arg=argument, timeout=SOON, polling=50)

    def statuses(self) -> dict[str, str]:
        """The status of each client that has a row on screen."""
        return self.run(STATUSES)

    def shows(self, client_id: str, status: str) -> None:
        """Wait until the row of a client has a status."""
        row = f'.row[data-client="{client_id}"][data-status="{status}"]'
        self._do(lambda: expect(self.page.locator(row).first).to_be_visible(timeout=SOON))

    def titled(self, title: str) -> None:
        self._do(lambda: expect(self.page).to_have_title(title, timeout=SOON))

    def reads(self, selector: str, text: Any) -> None:
        """Wait until an element's text has this in it."""
        found = self.page.locator(selector)
        self._do(lambda: expect(found).to_contain_text(text, timeout=SOON))

    def text(self, selector: str) -> str:
        return self._do(lambda: self.page.locator(selector).inner_text(timeout=SOON))

    def seen(self, selector: str, *, is_seen: bool = True) -> None:
        """Wait until an element is to be seen, or not."""
        found = self.page.locator(selector)
        self._do(lambda: expect(found).to_be_visible(visible=is_seen, timeout=SOON))

    def click(self, selector: str) -> None:
        self._do(lambda: self.page.locator(selector).click(timeout=SOON))

    def push(self, name: str) -> None:
        """Click on the button of a name."""
        button = self.page.get_by_role("button", name=name, exact=True)
        self._do(lambda: button.click(timeout=SOON))

    def fill(self, label: str, text: str) -> None:
        self._do(lambda: self.page.get_by_label(label, exact=True).fill(text, timeout=SOON))

    def choose(self, label: str, value: str) -> None:
        chosen = self.page.get_by_label(label, exact=True)
        self._do(lambda: chosen.select_option(value, timeout=SOON))

    def press(self, *keys: str) -> None:
        for key in keys:
            self._do(self.page.keyboard.press, key)

    def write(self, text: str) -> None:
        self._do(self.page.keyboard.type, text)

    def focused(self) -> str:
        """The client whose row has the focus, or else the element's id."""
        return self.run("() => document.activeElement.dataset.client ?? document.activeElement.id")

    def reload(self) -> None:
        self._do(self.page.reload)

    def back(self) -> None:
        self._do(self.page.go_back)

    def resize(self, width: int, height: int) -> None:
        self._do(self.page.set_viewport_size, {"width": width, "height": height})

    def query(self) -> str:
        return self.run("() => location.search")


@pytest.fixture
def visit(chromium: Any) -> Iterator[Callable[..., Visit]]:
    """Opens the page of a server. At the end nothing may have gone wrong in it."""
    contexts: list[BrowserContext] = []
    visits: list[Visit] = []

    def visit(server: Any, query: str = "", **options: Any) -> Visit:
        width, height = options.pop("size", DESKTOP)
        viewport = {"width": width, "height": height}
        contexts.append(chromium.do(chromium.browser.new_context, viewport=viewport, **options))
        visits.append(Visit(chromium, contexts[-1], server.logged("listening")["page"]))
        return visits[-1].open(query)

    yield visit
    wrong = [(visit.errors, visit.run("() => violations")) for visit in visits]
    for context in contexts:
        chromium.do(context.close)
    assert wrong == [([], [])] * len(visits)


@pytest.fixture
def serve(start: Callable[..., Any]) -> Callable[..., Any]:
    """Starts a server that serves the page."""

    def serve(**sections: Any) -> Any:
        http = {"enabled": True, "port": 0} | sections.pop("http", {})
        return start(http=http, **sections)

    return serve


@pytest.fixture
def remembering(serve: Callable[..., Any]) -> Callable[..., Any]:
    """Starts a server that serves the page, and remembers."""
    return lambda **sections: serve(store={"url": "sqlite:///lastseen.db"}, **sections)
