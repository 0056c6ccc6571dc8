"""axe-core finds nothing to complain of in any view, in any colours and at any size."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lastseen.shared.messages import Leave, Silence, Silenced

HERE = Path(__file__).parent
AXE = HERE / "node_modules/axe-core/axe.min.js"

INSTALL = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]

DEADLINE = 300.0
"""Seconds for npm, which fetches one package."""

VIOLATIONS = """async () => (await axe.run()).violations.map(({ id, impact, nodes }) =>
  `${impact} ${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" ")}`)"""

QUIET = {"connection_timeout": 600, "heartbeat_interval": 300}

VIEWS = ["", "?client=web-01", "?client=nobody", "?view=health", "?view=channels",
         "?view=settings", "?search=no-such-client"]  # fmt: skip

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced colours": {"forced_colors": "active"},
    "phone": {"size": (390, 844)},
    "400 %": {"size": (320, 256)},
}


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core, from npm."""
    if not AXE.exists():
        if shutil.which("npm") is None:
            missing = "npm is not installed, so axe-core is missing: apt-get install npm"
            if os.environ.get("CI"):
                pytest.fail(missing, pytrace=False)
            pytest.skip(missing)
        subprocess.run(INSTALL, cwd=HERE, check=True, timeout=DEADLINE)
    return AXE.read_text()


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_in_any_view(
    look: str, axe: str, remembering: Callable[..., Any], visit: Callable[..., Any], wire: Any
):
    broken = {"name": "siren", "argv": ["/nowhere/siren"]}
    server = remembering(server=QUIET, notify={"command": [broken]})
    page = visit(server, bypass_csp=True, **LOOKS[look])
    page.run(axe)
    assert page.run(VIOLATIONS) == []  # nobody has been here yet
    observer, gone, client = wire(server), wire(server), wire(server)
    gone.register("db-1", groups=["Db"])
    client.register("web-01", groups=["Web"], hostname="host-1")
    page.titled("2 online · lastseen")
    gone.say(Leave())
    page.titled("1 online · lastseen")
    observer.say(Silence(3600, "web-*"))
    observer.hear_only(Silenced)
    found = {}
    for view in VIEWS:
        page.open(view)
        page.titled("1 online · lastseen")
        page.seen(".side h2" if "view" in view or "client=" in view else "#counts")
        page.run(axe)
        found[view] = page.run(VIOLATIONS)
    assert found == {view: [] for view in VIEWS}


def test_the_list_is_high_enough_at_400_percent_and_the_page_scrolls_to_it(
    remembering: Callable[..., Any], visit: Callable[..., Any], wire: Any
):
    server = remembering(server=QUIET)
    client = wire(server)
    client.register("web-01")
    page = visit(server, size=(320, 256))
    page.shows("web-01", "online")
    assert page.run("() => document.querySelector('.scroller').clientHeight") >= 150
    assert page.run("() => document.documentElement.scrollHeight > innerHeight")
