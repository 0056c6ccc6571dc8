"""What fuzzing has kept, and some more: no input breaks a law. `make fuzz` goes on from here."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.faults.fuzz import corpus
from tests.faults.fuzz.__main__ import shortened
from tests.faults.fuzz.mutation import LONGEST, mutated
from tests.faults.fuzz.targets import TARGETS, Target

EXAMPLES = 150


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_that_was_ever_kept_breaks_a_law(name: str):
    for data in (*TARGETS[name].seeds, *corpus.read(name)):
        TARGETS[name].check(data)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=EXAMPLES, derandomize=True, deadline=None, database=None)
@given(data=st.data())
def test_nothing_like_it_breaks_a_law_nor_any_bytes(name: str, data: st.DataObject):
    kept = (*TARGETS[name].seeds, *corpus.read(name))
    like = st.integers(0, 2**32).map(lambda seed: mutated(random.Random(seed), kept))
    TARGETS[name].check(data.draw(like | st.binary(max_size=64)))


def test_mutations_are_as_long_as_is_allowed_and_seldom_the_same():
    chance = random.Random(1)
    found = [mutated(chance, [b"x" * 3_000, b"short"]) for _ in range(200)]
    assert max(map(len, found)) <= LONGEST
    assert len(set(found)) > 150


def test_what_breaks_a_law_is_made_as_short_as_still_does():
    def check(data: bytes) -> None:
        assert b"ab" not in data

    assert shortened(Target(check, []), b"x" * 100 + b"ab" + b"y" * 57) == b"ab"
