"""Where values come from, and in which words a mistake is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.config import Config, ConfigError, LoadedConfig, load

Load = Callable[..., LoadedConfig]
ProblemOf = Callable[..., str]


def test_without_a_file_the_defaults_hold_and_the_path_says_so():
    loaded = load(None, {})
    assert loaded.config == Config()
    assert loaded.path is None
    assert set(loaded.sources.values()) == {"default"}


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(load_text: Load):
    loaded = load_text(
        "[server]\nport = 1\nreap_interval = 2.5\n", {"LASTSEEN_SERVER__PORT": "9000"}
    )
    assert loaded.config.server.port == 9000
    assert loaded.sources["server.port"] == "environment LASTSEEN_SERVER__PORT"
    assert loaded.config.server.reap_interval == 2.5
    assert loaded.sources["server.reap_interval"] == "config.toml"
    assert loaded.sources["server.host"] == "default"


def test_the_environment_sets_what_the_file_has_no_section_for(load_text: Load):
    assert load_text("", {"LASTSEEN_LOG__LEVEL": "debug"}).config.log.level == "debug"


@pytest.mark.parametrize("text", ["true", "TRUE", "1"])
def test_text_of_the_environment_becomes_the_type_of_the_setting(text: str):
    loaded = load(None, {"LASTSEEN_SERVER__ALLOW_ANONYMOUS": text, "LASTSEEN_SERVER__PORT": "0"})
    assert loaded.config.server.allow_anonymous is True
    assert loaded.config.server.port == 0


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("https://a.example", ("https://a.example",)),
        (
            "https://a.example, http://b.example:3000 ,",
            ("https://a.example", "http://b.example:3000"),
        ),
        ("", ()),
    ],
)
def test_commas_in_the_environment_divide_a_list(text: str, origins: tuple[str, ...]):
    assert load(None, {"LASTSEEN_WEBSOCKET__ORIGINS": text}).config.websocket.origins == origins


@pytest.mark.parametrize(
    ("text", "host"), [("::1", "::1"), ("127.0.0.1, ::1", ("127.0.0.1", "::1"))]
)
def test_commas_make_a_list_of_a_setting_that_may_be_one(text: str, host: str | tuple[str, ...]):
    assert load(None, {"LASTSEEN_SERVER__HOST": text}).config.server.host == host


def test_variables_of_the_client_and_of_others_are_left_alone():
    environ = {"LASTSEEN_SERVER": "example:8080", "LASTSEEN_ID": "x", "OTHER__PORT": "x"}
    assert load(None, environ).config == Config()


def test_a_byte_order_mark_before_the_text_is_no_mistake(load_text: Load):
    assert load_text(b"\xef\xbb\xbf[server]\nport = 1\n").config.server.port == 1


@pytest.mark.parametrize("text", ["[{}]", "[server]\n{} = 1", "[[notify.webhook]]\n{} = 1"])
def test_a_name_without_end_makes_no_sentence_without_end(load_text: Load, text: str):
    with pytest.raises(ConfigError, match="no such") as refusal:
        load_text(text.format("x" * 10_000))
    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "[server]\nprot = 1\n",
            "config.toml: server.prot: no such setting; did you mean port?",
        ),
        ("[server]\nzzz = 1\n", "config.toml: server.zzz: no such setting"),
        ('["zz\u202ez"]\nport = 1\n', r"config.toml: zz\u202ez: no such section"),
        ("[sever]\nport = 1\n", "config.toml: sever: no such section; did you mean server?"),
        ("server = 1\n", "config.toml: server: expected a section [server], got 1"),
        (
            "[server]\nport = 'eighty'\n",
            "config.toml: server.port: expected `int`, got 'eighty'",
        ),
        ("[server]\nport = true\n", "config.toml: server.port: expected `int`, got True"),
        (
            "[server]\nport = 65536\n",
            "config.toml: server.port: expected `int` <= 65535, got 65536",
        ),
        (
            "[server]\nheartbeat_interval = true\n",
            "config.toml: server.heartbeat_interval: expected `float`, got True",
        ),
        (
            "[server]\nheartbeat_interval = nan\n",
            "config.toml: server.heartbeat_interval: expected `float` >= 0.05, got nan",
        ),
        (
            "[server]\nreap_interval = inf\n",
            "config.toml: server.reap_interval: expected `float` <= 3600.0, got inf",
        ),
        (
            "[server]\nduplicate = 'drop'\n",
            (
                "config.toml: server.duplicate: expected"
                " one of 'replace', 'reject', 'share', got 'drop'"
            ),
        ),
        (
            "[server]\nallow_anonymous = 1\n",
            "config.toml: server.allow_anonymous: expected `bool`, got 1",
        ),
    ],
)
def test_a_bad_value_is_named_with_its_file_key_and_what_was_expected(
    text: str, problem: str, problem_of: ProblemOf
):
    assert problem_of(text) == problem


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("SERVER__PORT", "eighty", "server.port: expected `int`, got 'eighty'"),
        ("SERVER__PORT", "-1", "server.port: expected `int` >= 0, got '-1'"),
        (
            "SERVER__REAP_INTERVAL",
            "nan",
            "server.reap_interval: expected `float` >= 0.05, got 'nan'",
        ),
        ("LOG__LEVEL", "\udcff", "expected printable text, got '\\udcff'"),
        ("SERVER__PROT", "1", "no such setting; did you mean LASTSEEN_SERVER__PORT?"),
        ("SEVER__PORT", "1", "no such setting; did you mean LASTSEEN_SERVER__PORT?"),
        ("HTTP__PROT", "1", "no such setting; did you mean LASTSEEN_HTTP__PORT?"),
        ("STORE__PORT", "1", "no such setting"),  # near to LASTSEEN_HTTP__PORT and its like
        ("NOTIFY__PORT", "1", "no such setting"),
        (
            "NOTIFY__WEBHOOK",
            "x",
            "expected [[notify.webhook]] in the file: a variable cannot set it",
        ),
    ],
)
def test_a_bad_variable_is_named(variable: str, value: str, problem: str, problem_of: ProblemOf):
    name = f"LASTSEEN_{variable}"
    assert problem_of("", {name: value}) == f"environment {name}: {problem}"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"[server]\nport == 1\n", "not valid TOML: Invalid value (at line 2, column 7)"),
        (b"[server]\nport = 1\nport = 2\n", "not valid TOML: Cannot overwrite a value (at line 3"),
        (b"[server]\nport = " + b"9" * 5000, "not valid TOML: "),
        (b"a = " + b"[" * 100_000, "not valid TOML: "),
        (b"\xff\xfe", "expected UTF-8 text: invalid start byte at byte 0"),
    ],
)
def test_a_file_that_is_no_toml_says_where(content: bytes, problem: str, problem_of: ProblemOf):
    assert problem_of(content).startswith(f"config.toml: {problem}")


def test_a_named_file_that_is_missing_is_an_error(folder: Path):
    with pytest.raises(ConfigError, match=r"missing\.toml: cannot be read: No such file"):
        load(folder / "missing.toml", {})


def test_a_folder_in_place_of_the_file_is_an_error(folder: Path):
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(folder, {})


def test_a_bad_value_in_the_file_is_an_error_even_where_the_environment_overrides_it(
    problem_of: ProblemOf,
):
    problem = problem_of("[server]\nport = -1\n", {"LASTSEEN_SERVER__PORT": "1"})
    assert problem.startswith("config.toml: server.port")


@given(st.binary(max_size=200))
def test_whatever_the_bytes_of_the_file_it_loads_or_is_refused_in_one_sentence(content: bytes):
    path = Path("any.toml")
    path.write_bytes(content)
    try:
        load(path, {})
    except ConfigError as error:
        assert str(error).startswith("any.toml: ")  # noqa: PT017 - either outcome is right
