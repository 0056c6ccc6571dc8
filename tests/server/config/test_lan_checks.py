"""What [lan] may say, and what is refused with a sentence."""

import pytest

from lastseen.server.config import Config, ConfigError, check, with_value

ON = with_value(Config(), "lan.enabled", True)


@pytest.mark.parametrize("address", ["", "hub.example", "::1", "10.0.0.256", "10.0.0.0/24"])
@pytest.mark.parametrize(
    ("key", "where"), [("lan.bind", r"lan\.bind"), ("lan.broadcast", r"lan\.broadcast\[1\]")]
)
def test_an_address_is_one_of_ipv4(key: str, where: str, address: str):
    value = address if key == "lan.bind" else ("10.0.0.255", address)
    with pytest.raises(ConfigError, match=f"^{where}: expected an IPv4 address, got"):
        check(with_value(ON, key, value))


def test_any_ipv4_address_will_do():
    bound = with_value(ON, "lan.bind", "10.0.0.7")
    assert check(with_value(bound, "lan.broadcast", ("10.0.0.255", "255.255.255.255"))) == []


@pytest.mark.parametrize("key", ["lan.user", "lan.host"])
def test_a_colon_would_end_a_name_in_the_packet(key: str):
    with pytest.raises(ConfigError, match=f"^{key}: expected printable text without a ':', got"):
        check(with_value(ON, key, "a:b"))
    assert check(with_value(ON, "lan.nickname", "a:b")) == []


@pytest.mark.parametrize("key", ["lan.user", "lan.host", "lan.nickname", "lan.group"])
def test_a_name_can_be_shown(key: str):
    with pytest.raises(ConfigError, match=f"^{key}: expected printable text"):
        check(with_value(ON, key, "a\0b"))
    assert check(with_value(ON, key, "王小明")) == []


@pytest.mark.parametrize("interval", [9, 601])
def test_the_interval_lies_within_the_limits_of_heartbeats(interval: float):
    config = with_value(with_value(ON, "lan.peer_timeout", 3600), "lan.announce_interval", interval)
    with pytest.raises(ConfigError, match=r"^lan\.announce_interval: expected from 10 to 600"):
        check(config)


def test_the_timeout_is_more_than_the_interval():
    with pytest.raises(ConfigError, match=r"^lan\.peer_timeout: expected more than lan\.announce_"):
        check(with_value(ON, "lan.peer_timeout", 60))


def test_a_timeout_of_less_than_two_intervals_is_a_risk():
    (warning,) = check(with_value(ON, "lan.peer_timeout", 100))
    assert warning.startswith("lan.peer_timeout (100) is less than twice lan.announce_interval")


def test_what_is_off_need_not_fit_the_limits():
    off = with_value(Config(), "lan.announce_interval", 5)
    assert check(with_value(off, "lan.peer_timeout", 1)) == []
