"""What a reload may change at once, and what waits for a restart."""

from lastseen.server.config import SETTINGS, Config, changes, keep_until_restart, with_value


def test_only_what_is_opened_at_the_start_needs_a_restart():
    assert {s.key for s in SETTINGS if s.restart} == {
        "server.host",
        "server.port",
        "server.allow_anonymous",
        "store.url",
        "log.format",
        "websocket.enabled",
        "websocket.host",
        "websocket.port",
        "websocket.path",
        "websocket.origins",
        "websocket.public_url",
        "http.enabled",
        "http.host",
        "http.port",
        "http.base_path",
        "http.public_url",
        "lan.enabled",
        "lan.port",
        "lan.bind",
        "lan.user",
        "lan.host",
    }


def test_changes_are_told_apart_by_whether_they_can_be_applied_live():
    new = with_value(with_value(Config(), "server.port", 1), "log.level", "debug")
    found = changes(Config(), new)
    assert found.live == ("log.level",)
    assert found.restart == ("server.port",)
    assert changes(new, new).live == changes(new, new).restart == ()


def test_after_a_reload_what_needs_a_restart_stays_as_it_was():
    new = with_value(with_value(Config(), "server.port", 1), "log.level", "debug")
    assert keep_until_restart(Config(), new) == with_value(Config(), "log.level", "debug")
