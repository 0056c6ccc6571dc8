"""An address is read as people write it, or refused with a sentence that shows what they wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.shared.address import DEFAULT_PORT, format_address, parse_address, plain_host


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("localhost:9000", "localhost", 9000),
        ("localhost", "localhost", DEFAULT_PORT),
        ("192.0.2.7:1", "192.0.2.7", 1),
        ("example.org:65535", "example.org", 65535),
        ("[::1]:9000", "::1", 9000),
        ("[::1]", "::1", DEFAULT_PORT),
        ("::1", "::1", DEFAULT_PORT),
        ("2001:db8::8080", "2001:db8::8080", DEFAULT_PORT),
        ("[fe80::1%eth0]:9000", "fe80::1%eth0", 9000),
        ("  localhost:9000\n", "localhost", 9000),
    ],
)
def test_an_address_is_a_host_with_or_without_a_port(text, host, port):
    assert parse_address(text) == (host, port)


def test_the_default_port_can_be_another():
    assert parse_address("localhost", default_port=9100) == ("localhost", 9100)
    assert parse_address("localhost:9000", default_port=9100) == ("localhost", 9000)


@pytest.mark.parametrize(
    "text",
    ["", " ", ":", ":8080", "[", "[]", "[::1", "[::1]8080", "[host]:80", "a:b:c", "tcp://host:80"],
)
def test_what_names_no_host_is_refused_with_what_was_written(text):
    with pytest.raises(ValueError, match="expected an address like host:port") as refusal:
        parse_address(text)
    assert str(refusal.value).endswith(f"got {text!r}")


@pytest.mark.parametrize(
    "port", ["0", "65536", "-1", "+80", "8_0", "http", "", " 80", "٣", "9" * 5000]
)
def test_what_is_no_port_is_refused_with_what_was_written(port):
    for host in ("host", "[::1]"):
        with pytest.raises(ValueError, match="expected a port from 1 to 65535") as refusal:
            parse_address(f"{host}:{port}")
        assert str(refusal.value).endswith(f"got {port!r}")


@given(
    st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?", fullmatch=True)
    | st.ip_addresses().map(str),
    st.integers(min_value=1, max_value=65535),
)
def test_a_formatted_address_is_read_as_the_same(host, port):
    assert parse_address(format_address(host, port)) == (host, port)


@given(st.text(max_size=30))
def test_any_text_is_an_address_or_refused_with_a_value_error(text):
    try:
        host, port = parse_address(text)
    except ValueError:
        return
    assert host
    assert 1 <= port <= 65535


def test_only_ipv6_hosts_are_written_in_brackets():
    assert format_address("::1", 8080) == "[::1]:8080"
    assert format_address("127.0.0.1", 8080) == "127.0.0.1:8080"


@pytest.mark.parametrize(
    "text", ["::ffff:192.0.2.7", "::FFFF:c000:207", "0:0:0:0:0:ffff:192.0.2.7", "192.0.2.7"]
)
def test_an_ipv4_mapped_address_is_the_ipv4_address(text: str):
    assert plain_host(text) == "192.0.2.7"


@pytest.mark.parametrize(
    "text",
    ["", "::1", "::ffff", "2001:db8::ffff:192.0.2.7", "fe80::1%eth0", "hub.lan", "a:b", "::x"],
)
def test_any_other_host_stays_as_it_is(text: str):
    assert plain_host(text) == text


@given(address=st.ip_addresses(v=4))
def test_every_ipv4_address_is_found_in_its_mapped_form(address):
    assert plain_host(f"::ffff:{address}") == str(address)
