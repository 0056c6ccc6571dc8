"""Full collections are kept short and rare."""

import gc

import pytest

from lastseen.server.collector import COLLECT_EVERY, spare


@pytest.fixture
def restored():
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.mark.usefixtures("restored")
def test_what_was_made_to_start_is_walked_no_more_and_collections_are_rare():
    made_to_start = [[n] for n in range(1_000)]
    spare()
    assert gc.get_freeze_count() >= len(made_to_start)
    assert gc.get_threshold()[0] == COLLECT_EVERY
