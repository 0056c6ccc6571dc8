"""The file that init-config writes, and what show-config prints: both are read back here."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.config import SETTINGS, Config, LoadedConfig, load, values, with_value
from lastseen.server.config.rendering import commented, effective

REPOSITORY = Path(__file__).parents[3]
Load = Callable[..., LoadedConfig]


def test_the_config_file_in_the_repository_is_the_one_that_init_config_writes():
    assert (REPOSITORY / "config.toml").read_text() == commented()


def test_the_commented_file_sets_every_setting_to_its_default(load_text: Load):
    loaded = load_text(commented())
    assert loaded.config == Config()
    assert loaded.warnings == []
    assert {loaded.sources[s.key] for s in SETTINGS if not s.table} == {"config.toml"}


def test_settings_in_force_are_written_with_their_sources(load_text: Load):
    loaded = load_text("[server]\nport = 1\n", {"LASTSEEN_LOG__LEVEL": "debug"})
    lines = effective(loaded).splitlines()
    assert lines[0] == "[server]"
    assert "port = 1  # config.toml" in lines
    assert 'level = "debug"  # environment LASTSEEN_LOG__LEVEL' in lines
    assert "heartbeat_interval = 60  # default" in lines


def test_the_name_of_the_file_cannot_break_the_comment_that_it_stands_in():
    path = Path("a\nport = 2\udcff.toml")
    path.write_text("[server]\nport = 1\n")
    document = tomllib.loads(effective(load(path, {})))
    assert document["server"]["port"] == 1


SECONDS = st.floats(0.05, 3600)


@given(host=st.text(min_size=1), reap=SECONDS, ratio=st.floats(0, 1), clients=st.integers(1, 10**7))
def test_settings_in_force_read_back_equal(host: str, reap: float, ratio: float, clients: int):
    config = with_value(Config(), "server.host", host.encode("utf-8", "replace").decode())
    config = with_value(config, "server.reap_interval", reap)
    config = with_value(config, "detector.mass_loss_ratio", ratio)
    config = with_value(config, "server.max_clients", clients)
    loaded = LoadedConfig(config, dict.fromkeys(values(config), "default"), None, [])
    assert msgspec.convert(tomllib.loads(effective(loaded)), Config) == config
