from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from lastseen.client.backoff import full_jitter


def test_ceilings_double_from_half_a_second_to_twenty():
    pauses = list(islice(full_jitter(lambda: 1.0), 8))
    assert pauses == [0.5, 1, 2, 4, 8, 16, 20, 20]


def test_the_first_pause_may_be_none_at_all():
    assert next(full_jitter(lambda: 0.0)) == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_no_pause_passes_its_ceiling(numbers):
    given_numbers = iter(numbers)
    pauses = islice(full_jitter(lambda: next(given_numbers)), len(numbers))
    ceilings = islice(full_jitter(lambda: 1.0), len(numbers))
    assert all(0 <= pause <= ceiling for pause, ceiling in zip(pauses, ceilings, strict=True))
