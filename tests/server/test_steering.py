"""Settings in force: changed whole or not at all, followed by presence, told to clients."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from lastseen.server.config import Config, ConfigError, LoadedConfig, runtime, with_value
from lastseen.server.presence.clock import AwakeClock
from lastseen.server.presence.model import Policy
from lastseen.server.presence.presence import Presence
from lastseen.server.steering import Steering, policy_of
from lastseen.shared.wire import to_frame


class Steered:
    """Steering over a real presence, and how often clients were told."""

    def __init__(self) -> None:
        self.presence = Presence(
            policy_of(Config()), AwakeClock(lambda: 0.0, lambda: 0.0), {"msgpack": to_frame}
        )
        self.steering = Steering(Config(), self.presence)
        self.told = 0
        self.steering.listeners.append(self._tell)

    def _tell(self) -> None:
        self.told += 1


@pytest.fixture
def steered() -> Steered:
    return Steered()


def test_the_defaults_of_the_file_are_those_of_the_policy():
    assert policy_of(Config()) == Policy()


def test_clients_are_told_the_settings_that_concern_them(steered: Steered):
    settings = steered.steering.settings(request_id=4)
    assert (settings.heartbeat_interval, settings.connection_timeout) == (60, 120)
    assert (settings.reap_interval, settings.reconnect_grace) == (10, 5)
    assert (settings.min_heartbeat_interval, settings.max_heartbeat_interval) == (10, 600)
    assert settings.request_id == 4


def test_an_update_changes_what_is_given_and_keeps_the_rest(steered: Steered):
    steered.steering.change({"heartbeat_interval": 30})
    assert steered.presence.policy == Policy(heartbeat_interval=30)
    steered.steering.change({"server.connection_timeout": 300})
    assert steered.presence.policy == Policy(heartbeat_interval=30, connection_timeout=300)
    assert steered.steering.settings().connection_timeout == 300
    assert steered.told == 2


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"heartbeat_interval": 5}, "server.heartbeat_interval: expected from 10 to 600"),
        ({"connection_timeout": 60}, "server.connection_timeout: expected more than"),
        ({"heartbeat_interval": 200}, "server.connection_timeout: expected more than"),
        ({"connection_timeout": -1}, "server.connection_timeout"),
        ({"connection_timeout": "long"}, "server.connection_timeout: expected `float`"),
        ({"server.port": 1}, "server.port.* cannot be changed while the server runs"),
    ],
)
def test_an_update_that_does_not_fit_changes_nothing_and_says_why(
    steered: Steered, wanted: dict[str, object], sentence: str
):
    before = steered.steering.config
    with pytest.raises(ConfigError, match=sentence):
        steered.steering.change(wanted)
    assert steered.steering.config is before
    assert steered.presence.policy == Policy()
    assert steered.told == 0


def test_both_may_change_together_though_each_alone_would_not_fit(steered: Steered):
    steered.steering.change({"heartbeat_interval": 300, "connection_timeout": 900})
    assert steered.presence.policy.connection_timeout == 900


def test_clients_are_not_told_of_what_does_not_concern_them(steered: Steered):
    config = steered.steering.config
    steered.steering.follow(replace(config, server=replace(config.server, max_clients=7)))
    assert steered.presence.policy.max_clients == 7
    steered.steering.change({"heartbeat_interval": 60, "connection_timeout": 120})
    assert steered.told == 0


def test_clients_are_told_of_other_guard_rails_though_presence_does_not_care(steered: Steered):
    config = steered.steering.config
    limits = replace(config.limits, min_heartbeat_interval=1)
    steered.steering.follow(replace(config, limits=limits))
    assert steered.told == 1
    assert steered.presence.policy == Policy()


def test_every_setting_of_the_detector_is_followed(steered: Steered):
    config = steered.steering.config
    detector = replace(config.detector, mass_loss_ratio=0.25, mass_loss_min=3, mass_loss_hold=7)
    server = replace(config.server, duplicate="share", reconnect_grace=2)
    steered.steering.follow(replace(config, detector=detector, server=server))
    assert steered.presence.policy == Policy(
        mass_loss_ratio=0.25,
        mass_loss_min=3,
        mass_loss_hold=7,
        duplicate="share",
        reconnect_grace=2,
    )


def test_a_risky_change_is_made_with_a_warning(
    steered: Steered, capsys: pytest.CaptureFixture[str]
):
    steered.steering.change({"heartbeat_interval": 100})
    assert steered.presence.policy.heartbeat_interval == 100
    assert "less than twice server.heartbeat_interval" in capsys.readouterr().err


def test_the_log_says_of_each_change_what_was_and_what_is(
    steered: Steered, capsys: pytest.CaptureFixture[str]
):
    steered.steering.change({"heartbeat_interval": 30}, by="10.0.0.1")
    assert "60 -> 30" in capsys.readouterr().err
    steered.steering.change({"connection_timeout": 90})
    said = capsys.readouterr().err
    assert "120 -> 90" in said
    assert "heartbeat" not in said
    steered.steering.reset()
    said = capsys.readouterr().err
    assert "30 -> 60" in said
    assert "90 -> 120" in said


# --- what is kept --------------------------------------------------------------------------------


def steering_with(path: Path, **changes: object) -> Steering:
    """One that keeps changes, and begins with these."""
    presence = Presence(policy_of(Config()), AwakeClock(lambda: 0.0, lambda: 0.0), {"m": to_frame})
    kept = runtime.Runtime(path, {f"server.{name}": value for name, value in changes.items()})
    config = runtime.over(Config(), kept.changes)
    return Steering(config, presence, Config(), kept)


def test_a_change_is_kept_and_taken_back(tmp_path: Path):
    path = tmp_path / "runtime.toml"
    steering = steering_with(path)
    steering.change({"heartbeat_interval": 30})
    assert runtime.read(path).changes == {"server.heartbeat_interval": 30}
    steering.change({"connection_timeout": 100})
    steering.reset()
    assert steering.config == Config()
    assert not path.exists()


def test_what_is_not_changed_is_not_written_again(tmp_path: Path):
    path = tmp_path / "runtime.toml"
    steering = steering_with(path, heartbeat_interval=30)
    steering.change({"heartbeat_interval": 30})
    assert not path.exists()


def test_a_change_that_cannot_be_kept_is_not_made(tmp_path: Path):
    steering = steering_with(tmp_path / "nowhere" / "runtime.toml")
    with pytest.raises(ConfigError, match="cannot be written"):
        steering.change({"heartbeat_interval": 30})
    assert steering.config == Config()
    assert steering.changed == {}


def test_a_reload_of_an_edited_file_leaves_what_was_changed_as_it_is(tmp_path: Path):
    steering = steering_with(tmp_path / "runtime.toml", heartbeat_interval=30)
    edited = with_value(with_value(Config(), "server.heartbeat_interval", 45), "server.port", 1)
    kept = runtime.Runtime(tmp_path / "runtime.toml", steering.changed)
    steering.reload(LoadedConfig(runtime.over(edited, kept.changes), {}, None, [], edited, kept))
    assert steering.config.server.heartbeat_interval == 30
    assert steering.config.server.port == 8080  # needs a restart
    steering.reset()
    assert steering.config.server.heartbeat_interval == 45
