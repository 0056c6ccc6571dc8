"""Worlds leave nothing behind in the process that runs them."""

from collections.abc import Iterator

import pytest
import trio

from lastseen.server import logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    logs.set_level("info")
    trio._core._run._ALLOW_DETERMINISTIC_SCHEDULING = False  # type: ignore[misc]
