"""The order in which several processes take the tests: first what waits, then what computes.

`make test` deals them out a file at a time. A long file that came last would leave all other
processes with nothing to do.
"""

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent

FIRST = {HERE / "simulation", HERE / "end_to_end", HERE / "faults"}
"""Folders with files that take many seconds."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In a single process the order stays that of the folders."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: FIRST.isdisjoint(item.path.parents))
