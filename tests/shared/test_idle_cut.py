"""Ends after the same silence are told from ends at random."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.shared.idle_cut import SHORTEST, constant_age, tolerance

AGES = st.lists(st.floats(0, 500), max_size=30)
ENOUGH = st.integers(2, 5)


@pytest.mark.parametrize(
    ("ages", "cut"),
    [
        ([], None),
        ([50.0], None),
        ([50.0, 50.01], None),
        ([50.02, 50.0, 50.01], 50.0),
        ([3.0, 3.2, 3.1], 3.0),
        ([50.0, 12.0, 50.1, 50.2], 50.0),
        ([50.0, 12.0, 50.1, 33.0, 50.2, 41.0], None),  # no majority
        ([50.0, 52.0, 54.0], None),
        ([0.5, 0.5, 0.5, 0.5], None),
        ([0.1, 0.2, 50.0, 50.0, 50.0, 0.3, 0.4], 50.0),  # what is too short does not count
    ],
)
def test_enough_ends_that_agree_show_a_cut(ages: list[float], cut: float | None):
    assert constant_age(ages, 3) == cut


@given(ages=AGES, enough=ENOUGH)
def test_what_is_found_is_the_shortest_of_enough_ages_that_agree(ages: list[float], enough: int):
    found = constant_age(ages, enough)
    counted = [age for age in ages if age >= SHORTEST]
    if found is None:
        for age in counted:
            agreeing = [a for a in counted if age <= a <= age + tolerance(age)]
            assert len(agreeing) < enough or 2 * len(agreeing) <= len(counted)
    else:
        assert found in counted
        agreeing = [a for a in counted if found <= a <= found + tolerance(found)]
        assert len(agreeing) >= enough
        assert 2 * len(agreeing) > len(counted)


@given(ages=AGES, enough=ENOUGH, data=st.data())
def test_the_order_of_the_ends_does_not_matter(ages: list[float], enough: int, data: st.DataObject):
    assert constant_age(data.draw(st.permutations(ages)), enough) == constant_age(ages, enough)


@given(
    timer=st.floats(1, 400),
    delays=st.lists(st.floats(0, 0.2), min_size=3, max_size=20),
    noise=st.lists(st.floats(0, 500), max_size=2),
)
def test_a_timer_is_found_whatever_the_network_adds_to_it(
    timer: float, delays: list[float], noise: list[float]
):
    found = constant_age([*(timer + delay for delay in delays), *noise], 3)
    assert found is not None
    assert abs(found - timer) <= tolerance(timer) + 0.2


@given(enough=ENOUGH, apart=st.lists(st.floats(1.05, 2), max_size=10))
def test_ages_that_are_far_apart_show_nothing(enough: int, apart: list[float]):
    ages = [10.0]
    for factor in apart:
        ages.append(factor * ages[-1])
    assert constant_age(ages, enough) is None
