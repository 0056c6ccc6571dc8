"""What a program that is only present has to load: trio and msgspec, and nothing of the command."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("names", ["connect, observe", "blocking", "aio"])
def test_importing_the_library_loads_nothing_of_the_command(names):
    program = f"import sys; from lastseen.client import {names}; print(*sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    loaded = {name.partition(".")[0] for name in printed}
    assert "trio" in loaded
    assert not loaded & {"cyclopts", "rich", "pendulum", "structlog", "hypothesis"}
    assert "lastseen.client.commands" not in printed
    assert "lastseen.server" not in printed


def test_a_program_with_trio_does_not_load_asyncio():
    program = "import sys; from lastseen.client import connect; print('asyncio' in sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert printed == "False\n"
