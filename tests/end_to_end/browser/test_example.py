"""The example of the docs: that very text, in a browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[3] / "docs"
EXAMPLE, EXPLAINED = DOCS / "example.html", DOCS / "browser.md"

ELSEWHERE = """(() => {
  const real = WebSocket;
  window.WebSocket = class extends real {
    constructor(url, protocol) {
      super(url.replace(":8081/", ":%d/"), protocol);
    }
  };
})();"""
"""The example names the default port, and this server has another."""


def test_the_example_shows_who_is_here(
    server: Any, new_tab: Callable[[], Any], start_client: Callable[..., Any]
):
    client = start_client(server, "<b>web-01</b>")
    tab = new_tab()
    tab._do(tab.page.add_init_script, ELSEWHERE % server.websocket_port)
    tab.open("/example.html")
    tab.until("() => document.querySelectorAll('li').length === 2")
    texts = tab.run("() => [...document.querySelectorAll('li')].map((item) => item.textContent)")
    assert "<b>web-01</b>: online, available" in texts
    client.process.stdin.close()
    tab.until("() => document.querySelectorAll('li').length === 1")


def test_the_docs_show_the_example_as_it_is():
    shown = EXPLAINED.read_text().partition("```html\n")[2].partition("```")[0]
    assert shown
    assert EXAMPLE.read_text().endswith(shown)
