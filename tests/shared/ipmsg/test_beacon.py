"""What a lastseen says to its like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.shared.ipmsg.beacon import Beacon, read, write


def test_a_beacon_is_read_as_it_was_written():
    for beacon in (
        Beacon("5f0c"),
        Beacon("5f0c", {"tcp": "*:8080", "http": "hub.example:8082"}),
        Beacon(seeks=True),
    ):
        assert read(write(beacon)) == beacon


@given(st.text())
def test_any_line_is_a_beacon_or_none(line):
    beacon = read(line)
    assert beacon is None or beacon.address_of("tcp", "10.0.0.1") is None or "tcp" in line


def test_a_star_stands_for_where_the_announcement_came_from():
    beacon = Beacon("m", {"tcp": "*:8080", "http": "10.0.0.9:8082"})
    assert beacon.address_of("tcp", "10.0.0.1") == "10.0.0.1:8080"
    assert beacon.address_of("http", "10.0.0.1") == "10.0.0.9:8082"
    assert beacon.address_of("websocket", "10.0.0.1") is None


@pytest.mark.parametrize("value", ["8080", "*:", "*:0", "*:70000", "*:x", ":80", "*:" + "9" * 5000])
def test_what_is_no_address_is_not_offered(value):
    assert Beacon("m", {"tcp": value}).address_of("tcp", "10.0.0.1") is None


def test_a_later_version_may_say_more():
    assert read("1;member=m;tcp=*:1;colour=red;x") == Beacon("m", {"tcp": "*:1", "colour": "red"})
    assert read("2;member=m") is None
