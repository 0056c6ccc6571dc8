"""Secrets from files and variables, by a config.toml that names them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lastseen.server.config import LoadedConfig, changes, load

Load = Callable[..., LoadedConfig]
ProblemOf = Callable[..., str]

WEBHOOK = "[[notify.webhook]]\nname = 'a'\n"
TELEGRAM = "[[notify.telegram]]\nname = 'a'\nchat_id = 1\n"
OLD, NEW = "whsec_" + "YWJj" * 8, "whsec_" + "ZGVm" * 8


def put(path: Path, text: str, mode: int = 0o600) -> None:
    path.write_text(text)
    path.chmod(mode)


def test_a_secret_may_stand_in_a_file_beside_the_settings(folder: Path):
    (folder / "etc").mkdir()
    put(folder / "etc" / "token", "123:abc\n")
    put(folder / "etc" / "c.toml", TELEGRAM + "token_file = 'token'\n")
    loaded = load(Path("etc/c.toml"), {})
    assert loaded.config.notify.telegram[0].token == "123:abc"  # noqa: S105 - nobody's
    assert loaded.warnings == []


def test_a_secret_may_stand_in_a_variable(load_text: Load):
    loaded = load_text(TELEGRAM + "token_env = 'BOT'\n", {"BOT": " 123:abc "})
    assert loaded.config.notify.telegram[0].token == "123:abc"  # noqa: S105 - nobody's


def test_a_file_of_keys_may_have_several_while_one_takes_over(folder: Path, load_text: Load):
    put(folder / "keys", f"{NEW}\n\n{OLD}\n")
    loaded = load_text(WEBHOOK + "url = 'http://x'\nsecret_file = 'keys'\n")
    assert loaded.config.notify.webhook[0].secrets == (NEW, OLD)


def test_a_file_that_anyone_can_read_is_warned_of(folder: Path, load_text: Load):
    put(folder / "token", "123:abc", 0o644)
    (warning,) = load_text(TELEGRAM + "token_file = 'token'\n").warnings
    assert warning == (
        "notify.telegram[0].token_file: anyone on this machine can read 'token'; to mend that:"
        " chmod o-r"
    )


def test_a_secret_may_be_a_credential_of_systemd(folder: Path, load_text: Load):
    credentials = folder / "credentials"
    credentials.mkdir()
    put(credentials / "secrets_token", "123:abc", 0o444)  # its folder is the service's alone
    text = TELEGRAM + "token_file = 'secrets/token'\n"
    loaded = load_text(text, {"CREDENTIALS_DIRECTORY": str(credentials)})
    assert loaded.config.notify.telegram[0].token == "123:abc"  # noqa: S105 - nobody's
    assert loaded.warnings == []


def test_a_file_that_is_no_credential_is_read_from_its_folder(folder: Path, load_text: Load):
    put(folder / "token", "123:abc")
    loaded = load_text(TELEGRAM + "token_file = 'token'\n", {"CREDENTIALS_DIRECTORY": str(folder)})
    assert loaded.config.notify.telegram[0].token == "123:abc"  # noqa: S105 - nobody's
    (folder / "empty").mkdir()
    loaded = load_text(
        TELEGRAM + "token_file = 'token'\n", {"CREDENTIALS_DIRECTORY": str(folder / "empty")}
    )
    assert loaded.config.notify.telegram[0].token == "123:abc"  # noqa: S105 - nobody's


def test_a_reload_finds_a_secret_that_was_exchanged(folder: Path, load_text: Load):
    text = TELEGRAM + "token_file = 'token'\n"
    put(folder / "token", "123:abc")
    before = load_text(text).config
    put(folder / "token", "123:def")
    assert changes(before, load_text(text).config).live == ("notify.telegram",)


def test_a_secret_in_place_of_the_name_of_its_variable_is_not_shown(problem_of: ProblemOf):
    told = problem_of(TELEGRAM + "token_env = '123:hunter2'\n")
    assert "telegram[0].token_env: expected the name of an environment variable" in told
    assert "hunter2" not in told


def test_what_a_channel_that_is_off_asks_for_may_be_missing(load_text: Load):
    loaded = load_text(TELEGRAM + "token_file = 'missing'\nenabled = false\n")
    assert loaded.config.notify.telegram[0].token == ""


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (WEBHOOK, "webhook[0].url: expected one of url, url_file, url_env, got none"),
        (
            WEBHOOK + "url = 'http://x'\nurl_env = 'X'\n",
            "webhook[0].url: expected one of url, url_file, url_env, got url and url_env",
        ),
        (
            WEBHOOK + "url = 'http://x'\nsecret_file = 'keys'\nsecret_env = 'X'\n",
            (
                "webhook[0].secret: expected at most one of secret, secret_file, secret_env,"
                " got secret_file and secret_env"
            ),
        ),
        (TELEGRAM, "telegram[0].token: expected one of token, token_file, token_env, got none"),
        (
            TELEGRAM + "token_file = 'missing'\n",
            "telegram[0].token_file: 'missing' cannot be read: No such file or directory",
        ),
        (
            TELEGRAM + "token_file = '.'\n",
            "telegram[0].token_file: '.' cannot be read: Is a directory",
        ),
        (
            TELEGRAM + 'token_file = "a\\u0000b"\n',
            "telegram[0].token_file: expected a file of text, got 'a\\x00b'",
        ),
        (TELEGRAM + "token_file = 'empty'\n", "telegram[0].token_file: 'empty' is empty"),
        (
            TELEGRAM + "token_file = 'binary'\n",
            "telegram[0].token_file: expected a file of text, got 'binary'",
        ),
        (
            TELEGRAM + "token_file = 'long'\n",
            "telegram[0].token_file: 'long' is longer than 65,536 bytes",
        ),
        (
            TELEGRAM + "token_file = 'keys'\n",
            "telegram[0].token: expected one line, got 2",
        ),
        (
            TELEGRAM + "token_env = 'BOT'\n",
            "telegram[0].token_env: there is no environment variable 'BOT'",
        ),
        (TELEGRAM + "token_env = 'NIL'\n", "telegram[0].token_env: 'NIL' is empty"),
    ],
)
def test_a_secret_that_cannot_be_had_is_a_sentence(
    text: str, problem: str, folder: Path, problem_of: ProblemOf
):
    put(folder / "empty", " \n")
    put(folder / "keys", f"{OLD}\n{NEW}\n")
    put(folder / "long", "x" * 70_000)
    (folder / "binary").write_bytes(b"\xff\xfe\x00")
    assert problem_of(text, {"NIL": "", "X": "x"}) == f"config.toml: notify.{problem}"
