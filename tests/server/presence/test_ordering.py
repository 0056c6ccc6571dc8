"""Orders of clients, and the first of many in them."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.presence.ordering import OFFLINE, first, key_of, small
from lastseen.shared.messages import ClientRecord

keys = st.lists(st.tuples(st.floats(-5, 5), st.text(max_size=2)), unique=True)


def record(**fields):
    moment = datetime.fromtimestamp(1000, UTC)
    return ClientRecord("a", fields.pop("status", "online"), "left", moment, moment, **fields)


def test_a_client_goes_by_its_small_name_its_rank_or_how_long_ago_it_was_seen():
    assert key_of("name", record(name="Ünder A")) == ("Ünder a", "a")
    assert key_of("status", record(status="late")) == (1.0, "a")
    assert key_of("status", record(status="offline")) == (OFFLINE, "a")
    assert key_of("last_seen", record()) == (-1000.0, "a")


def test_only_letters_of_ascii_are_made_small_as_in_any_database():
    assert small("AZaz09_İK") == "azaz09_İk"


@given(keys=keys, count=st.integers(1, 5))
def test_pages_of_the_first_after_each_other_are_everyone_in_order(keys, count):
    found, after = [], None
    while page := first(keys, after, count):
        found += page
        after = page[-1]
    assert found == sorted(keys)
