"""The server's page in a real Chromium: how much memory and how many nodes it takes."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import CDPSession, sync_playwright

FLAGS = [
    "--no-sandbox",  # it may run as root
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

MEASURED = {"JSHeapUsedSize": ("the page's heap", 2**20), "Nodes": ("the page's nodes", 1)}
"""What is read of the browser's own metrics, as what, and in units of what."""


class Page:
    """A page that is open."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session
        session.send("Performance.enable")

    def look(self) -> dict[str, float]:
        """What it takes now, after its garbage was collected."""
        self._session.send("HeapProfiler.collectGarbage")
        found = self._session.send("Performance.getMetrics")["metrics"]
        values = {metric["name"]: metric["value"] for metric in found}
        return {name: values[key] / unit for key, (name, unit) in MEASURED.items()}


class NoPage:
    """None is open."""

    def look(self) -> dict[str, float]:
        """Nothing."""
        return {}


@contextmanager
def open_page(url: str) -> Iterator[Page | NoPage]:
    """The page at a URL, while the context lasts; none where there is no Chromium."""
    executable = shutil.which("chromium")
    if executable is None:
        yield NoPage()
        return
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=FLAGS)
        page = browser.new_page()
        page.goto(url)
        yield Page(page.context.new_cdp_session(page))
        browser.close()
