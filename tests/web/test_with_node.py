"""What runs in browsers, tested by node's own test runner: each `*.test.mjs` here is one test.

They need neither a browser nor a package: the modules under test take what they need of a page as
an argument.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent

DEADLINE = 120.0
"""Seconds for one file. Time is simulated, so only a hang takes so long."""

KNOWS_MODULES = 23
"""From this version on, node sees by itself that a `.js` file is a module."""


@pytest.fixture(scope="module")
def node() -> list[str]:
    """The command that runs a module."""
    found = shutil.which("node")
    if found is None:
        missing = "node is not installed: on Debian and Ubuntu, apt-get install nodejs"
        if os.environ.get("CI"):
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    version = subprocess.run([found, "--version"], stdout=subprocess.PIPE, text=True, check=True)
    major = int(version.stdout.removeprefix("v").partition(".")[0])
    return [found] if major >= KNOWS_MODULES else [found, "--experimental-default-type=module"]


@pytest.mark.parametrize("name", sorted(str(f.relative_to(HERE)) for f in HERE.rglob("*.test.mjs")))
def test_node_passes(node: list[str], name: str):
    ran = subprocess.run(
        [*node, "--test", str(HERE / name)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE,
    )
    if ran.returncode != 0 or not re.search(r"^. pass [1-9]", ran.stdout, re.MULTILINE):
        pytest.fail(ran.stdout, pytrace=False)
