"""How connections are shared out among clients, others and HTTP."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lastseen.server.config import Config
from lastseen.server.config.sections.server import Server
from lastseen.server.links.connection_limits import (
    MOST_HTTP,
    ConnectionLimits,
    connection_limits,
    connections_wanted,
)


def settings(max_clients: int = 10_000, max_connections: int = 0) -> Server:
    server = Config().server
    return replace(server, max_clients=max_clients, max_connections=max_connections)


def test_with_the_defaults_there_is_room_for_all_clients_for_http_and_for_others():
    limits = connection_limits(settings(), 100_000, serves_http=True)
    assert limits == ConnectionLimits(13_000, 3_000, 500, MOST_HTTP, "server.max_connections")
    assert connections_wanted(settings()) == 15_500


def test_few_open_files_are_shared_out_and_said_to_be_the_cause():
    limits = connection_limits(settings(max_clients=500), 3_996, serves_http=True)
    assert limits.cause == "the limit of open files"
    assert limits.http > 800
    assert limits.connections - limits.others == 500


def test_the_number_in_the_settings_holds_where_there_is_one():
    limits = connection_limits(settings(max_connections=100), 100_000, serves_http=True)
    assert (limits.connections, limits.http) == (75, 25)
    assert limits.cause == "server.max_connections"


def test_without_http_nothing_is_kept_for_it():
    limits = connection_limits(settings(max_connections=100), 100_000, serves_http=False)
    assert (limits.connections, limits.http) == (100, 0)


@given(
    max_clients=st.integers(1, 10**7),
    max_connections=st.integers(0, 10**7),
    room=st.integers(1, 10**7),
    serves_http=st.booleans(),
)
def test_all_together_fit_into_the_room_and_clients_keep_their_part(
    max_clients: int, max_connections: int, room: int, serves_http: bool
):
    limits = connection_limits(
        settings(max_clients, max_connections), room, serves_http=serves_http
    )
    assert limits.connections + limits.http + limits.refused <= max(room, 1)
    if max_connections:
        assert limits.connections + limits.http <= max_connections
    kept = limits.connections - limits.others
    assert 0 <= limits.others <= limits.connections
    assert limits.connections >= 1
    assert kept == max_clients or kept >= limits.connections * 4 // 5
    if serves_http and limits.connections >= 4:
        assert limits.http >= 1
