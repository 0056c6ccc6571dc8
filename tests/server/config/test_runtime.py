"""Settings that were changed while the server ran: kept whole or not at all, and won back."""

import os
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lastseen.server.config import Config, ConfigError, LoadedConfig, load, runtime
from lastseen.server.config.rendering import effective
from lastseen.server.config.runtime import NAME, STEERABLE, changed, read, runtime_path, write

Load = Callable[..., LoadedConfig]
INTERVAL, TIMEOUT = "server.heartbeat_interval", "server.connection_timeout"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///lastseen.db", "/etc/x/runtime.toml"),
        ("sqlite:////var/lib/lastseen/seen.db?timeout=1", "/var/lib/lastseen/runtime.toml"),
        ("sqlite+pysqlite:///data/seen.db", "/etc/x/data/runtime.toml"),
        ("postgresql+psycopg://me:secret@db/seen", "/etc/x/runtime.toml"),
        ("none", "/etc/x/runtime.toml"),
    ],
)
def test_changes_are_kept_beside_the_database_or_beside_the_file(url: str, path: str):
    assert runtime_path(url, Path("/etc/x")) == Path(path)


def test_what_was_changed_wins_over_the_file_and_the_environment(load_text: Load, folder: Path):
    write(folder / NAME, {INTERVAL: 30, TIMEOUT: 90.5})
    environ = {"LASTSEEN_SERVER__HEARTBEAT_INTERVAL": "50"}
    loaded = load_text("[server]\nheartbeat_interval = 40\n", environ)
    assert (loaded.config.server.heartbeat_interval, loaded.config.server.connection_timeout) == (
        30,
        90.5,
    )
    assert loaded.configured is not None
    assert loaded.configured.server.heartbeat_interval == 50
    assert loaded.sources[INTERVAL] == NAME
    assert f"connection_timeout = 90.5  # {NAME}" in effective(loaded).splitlines()


def test_without_a_file_nothing_was_changed(load_text: Load, folder: Path):
    loaded = load_text("")
    assert loaded.runtime == runtime.Runtime(folder.relative_to(folder) / NAME, {})
    assert loaded.config == loaded.configured


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[server", "not valid TOML"),
        ("[server]\nport = 1", "server.port: no setting that may be changed while running"),
        ("server = 1", "server: expected a section, got 1"),
        ("[server]\nheartbeat_interval = 'x'", f"{INTERVAL}: expected `float`, got 'x'"),
        ("[server]\nheartbeat_interval = 700", f"{INTERVAL}: expected from 10 to 600 seconds"),
    ],
)
def test_a_file_that_makes_no_sense_is_said_to(text: str, problem: str, folder: Path):
    (folder / NAME).write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(None, {})
    assert str(caught.value).startswith(f"{NAME}: {problem}")


def test_a_file_that_cannot_be_read_is_said_to(folder: Path):
    (folder / NAME).mkdir()
    with pytest.raises(ConfigError, match=rf"^{NAME}: cannot be read: "):
        load(None, {})


def test_an_edited_file_that_no_longer_fits_names_both(load_text: Load, folder: Path):
    write(folder / NAME, {INTERVAL: 30})
    with pytest.raises(ConfigError, match=rf"^{NAME}, config.toml: {INTERVAL}: expected from 50"):
        load_text("[limits]\nmin_heartbeat_interval = 50\n")


def test_what_is_written_explains_itself_and_reads_back(folder: Path):
    write(folder / NAME, {INTERVAL: 30, TIMEOUT: 90})
    text = (folder / NAME).read_text()
    assert "lastseen settings reset" in text
    assert read(folder / NAME).changes == {INTERVAL: 30, TIMEOUT: 90}
    assert os.listdir(folder) == [NAME]  # nothing temporary is left  # noqa: PTH208


def test_without_changes_there_is_no_file(folder: Path):
    write(folder / NAME, {INTERVAL: 30})
    write(folder / NAME, {})
    write(folder / NAME, {})
    assert not (folder / NAME).exists()


def test_a_write_that_fails_leaves_the_file_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    write(folder / NAME, {INTERVAL: 30})

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        ConfigError, match="cannot be written: No space left on device; nothing has"
    ):
        write(folder / NAME, {INTERVAL: 20})
    assert read(folder / NAME).changes == {INTERVAL: 30}
    assert os.listdir(folder) == [NAME]  # noqa: PTH208


def test_a_folder_that_is_not_there_is_a_sentence():
    with pytest.raises(ConfigError, match="cannot be written: No such file or directory"):
        write(Path("/nonexistent") / NAME, {INTERVAL: 20})


def test_changes_add_up_and_are_taken_back():
    config = Config()
    kept = changed(config, {}, {"heartbeat_interval": 30, TIMEOUT: 100})
    assert kept == {INTERVAL: 30, TIMEOUT: 100}
    assert changed(config, kept, {INTERVAL: None}) == {TIMEOUT: 100}
    assert changed(config, kept, {INTERVAL: 60}) == {TIMEOUT: 100}  # as it is configured
    assert changed(config, kept, {"heartbeat_interval": 20}) == {INTERVAL: 20, TIMEOUT: 100}


def test_only_what_may_be_changed_is():
    assert {INTERVAL, TIMEOUT} <= STEERABLE.keys()
    assert not any(setting.restart for setting in STEERABLE.values())
    with pytest.raises(ConfigError, match=f"'port' cannot be changed .*{INTERVAL}"):
        changed(Config(), {}, {"port": 1})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(interval=st.floats(10, 600), timeout=st.floats(601, 9999))
def test_any_value_comes_back_as_it_was_kept(interval: float, timeout: float, folder: Path):
    write(folder / NAME, {INTERVAL: interval, TIMEOUT: timeout})
    assert read(folder / NAME).changes == {INTERVAL: interval, TIMEOUT: timeout}
    assert tomllib.loads((folder / NAME).read_text())["server"]["heartbeat_interval"] == interval
