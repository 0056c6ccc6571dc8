"""The file that init-config writes, and what show-config prints: both are read back here."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
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


def test_the_examples_of_channels_can_be_used_as_they_are(folder: Path, load_text: Load):
    (folder / "pager.secret").write_text("whsec_" + "YWJj" * 8)
    (folder / "mail.url").write_text("mailto://ann:pw@example.org")
    text = commented().partition("\n[notify]\n")[2].partition("# The log goes")[0]
    comments = [line[2:] for line in text.splitlines() if line.startswith("# ")]
    examples = [line for line in comments if "=" in line or "[[" in line]
    notify = load_text("\n".join(examples), {"TELEGRAM_TOKEN": "123:abc"}).config.notify
    assert len(notify.channels) == 4
    assert len(notify.maintenance) == 1


CHANNELS = """
[[notify.webhook]]
name = "a"
url = "https://x/hunter2"
secret = ["whsec_aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMg=="]
headers = { Authorization = "Bearer hunter2", X = "hunter2" }
[[notify.telegram]]
name = "b"
chat_id = "@room"
token_env = "BOT"
[[notify.apprise]]
name = "c"
url = "slack://hunter2"
[[notify.maintenance]]
name = "w"
start = "22:00"
end = "04:00"
days = ["sat", "sun"]
"""


def test_channels_in_force_are_written_without_their_secrets(load_text: Load):
    text = effective(load_text(CHANNELS, {"BOT": "123:hunter2"}))
    assert "hunter2" not in text
    assert "aHVudGVyMg" not in text
    notify = tomllib.loads(text)["notify"]
    webhook, telegram = notify["webhook"][0], notify["telegram"][0]
    assert webhook["url"] == "(not shown)"
    assert webhook["secret"] == ["(not shown)"]
    assert webhook["headers"] == {"Authorization": "(not shown)", "X": "(not shown)"}
    assert telegram["token_env"] == "BOT"  # noqa: S105 - where it is
    assert "token" not in telegram
    assert (telegram["chat_id"], telegram["delay"]) == ("@room", 30)
    assert notify["maintenance"][0]["days"] == ["sat", "sun"]
    assert "[[notify.webhook]]  # config.toml" in text.splitlines()


def test_channels_in_force_without_secrets_read_back_equal(load_text: Load):
    text = "[[notify.command]]\nname = 'a'\nargv = ['/x', 'say \"hi\"', '']\ndelay = 0.5\n"
    text += CHANNELS.partition("[[notify.maintenance]]")[1] + CHANNELS.partition("maintenance]]")[2]
    loaded = load_text(text)
    assert load_text(effective(loaded)).config == loaded.config


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ann:hunter2@h/n", "postgresql://ann:(not shown)@h/n"),
        ("postgresql+psycopg://:hunter2@/n", "postgresql+psycopg://:(not shown)@/n"),
        ("postgresql://ann@h/n", "postgresql://ann@h/n"),
        (
            "postgresql://h/n?sslmode=x&password=hunter2",
            "postgresql://h/n?sslmode=x&password=(not shown)",
        ),
        ("sqlite:///a.db", "sqlite:///a.db"),
        ("none", "none"),
    ],
)
def test_a_password_in_the_url_of_the_store_is_not_written(url: str, shown: str, load_text: Load):
    document = tomllib.loads(effective(load_text(f"[store]\nurl = '{url}'\n")))
    assert document["store"]["url"] == shown


SECONDS = st.floats(0.05, 3600)


@given(host=st.text(min_size=1), reap=SECONDS, ratio=st.floats(0, 1), clients=st.integers(1, 10**7))
def test_settings_in_force_read_back_equal(host: str, reap: float, ratio: float, clients: int):
    config = with_value(Config(), "server.host", host.encode("utf-8", "replace").decode())
    config = with_value(config, "server.reap_interval", reap)
    config = with_value(config, "detector.mass_loss_ratio", ratio)
    config = with_value(config, "server.max_clients", clients)
    loaded = LoadedConfig(config, dict.fromkeys(values(config), "default"), None, [])
    assert msgspec.convert(tomllib.loads(effective(loaded)), Config) == config
