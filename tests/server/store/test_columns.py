"""Values survive the form in which they are kept."""

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from lastseen.server.store.columns import Moment, seconds, storable

DIALECT = sqlite.dialect()


def there_and_back(value):
    kept = Moment().process_bind_param(value, DIALECT)
    return seconds(kept)


@given(st.integers(-(2**53), 2**53))
def test_a_time_of_whole_microseconds_comes_back_exactly(microseconds):
    assert there_and_back(microseconds / 1e6) == microseconds / 1e6
    assert Moment().process_bind_param(microseconds / 1e6, DIALECT) == microseconds


@given(st.floats(-1e9, 5e9))
def test_any_time_comes_back_within_a_microsecond(seconds):
    assert abs(there_and_back(seconds) - seconds) <= 1e-6


def test_no_time_stays_none():
    assert there_and_back(None) is None


@given(st.text(st.characters()))
def test_what_is_storable_is_text_that_every_database_takes(text):
    kept = storable(text)
    assert "\0" not in kept
    kept.encode()
    assert storable(kept) == kept


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_ordinary_text_is_kept_as_it_is(text):
    assert storable(text) == text
