"""The `lastseen-server` command: what it says, and the exit code of every end."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import trio

from lastseen.server import logs
from lastseen.server.__main__ import main
from lastseen.server.config import LoadedConfig
from lastseen.server.config.rendering import commented
from lastseen.server.errors import ConfigError, StartFailed
from lastseen.shared.version import VERSION

Capsys = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and no variables: no settings but the test's own."""
    monkeypatch.chdir(tmp_path)
    for variable in [name for name in os.environ if name.startswith("LASTSEEN_")]:
        monkeypatch.delenv(variable)
    return tmp_path


class Served:
    """Stands for the server itself: takes note of how it was started, and ends as it is told to."""

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self.loaded: LoadedConfig | None = None
        self.reloaded: LoadedConfig | ConfigError | None = None
        self.before_reload: Callable[[], object] = lambda: None

    async def serve(self, loaded: LoadedConfig, *, reload: Callable[[], LoadedConfig]) -> None:
        self.loaded = loaded
        self.before_reload()
        try:
            self.reloaded = reload()
        except ConfigError as error:
            self.reloaded = error
        await trio.lowlevel.checkpoint()
        if self.error is not None:
            raise self.error


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    served = Served()
    stand_in = ModuleType("lastseen.server.app")
    stand_in.serve = served.serve  # type: ignore[attr-defined] # a module made here has no such name
    monkeypatch.setitem(sys.modules, "lastseen.server.app", stand_in)
    return served


# --- run ----------------------------------------------------------------------------------------


def test_without_a_file_it_runs_with_the_defaults(served: Served):
    assert main([]) == 0
    assert served.loaded is not None
    assert served.loaded.path is None


def test_it_runs_with_the_file_that_config_names(served: Served, folder: Path):
    (folder / "mine.toml").write_text("[server]\nport = 1234\n")
    assert main(["--config", "mine.toml"]) == 0
    assert served.loaded is not None
    assert served.loaded.config.server.port == 1234


def test_a_reload_reads_the_same_file_again(served: Served, folder: Path):
    file = folder / "mine.toml"
    file.write_text("[server]\nreap_interval = 1\n")
    served.before_reload = lambda: file.write_text("[server]\nreap_interval = 2\n")
    assert main(["--config", "mine.toml"]) == 0
    assert isinstance(served.reloaded, LoadedConfig)
    assert served.reloaded.config.server.reap_interval == 2


@pytest.mark.usefixtures("served")
def test_the_log_follows_the_settings(monkeypatch: pytest.MonkeyPatch, capsys: Capsys):
    monkeypatch.setenv("LASTSEEN_LOG__LEVEL", "error")
    monkeypatch.setenv("LASTSEEN_LOG__FORMAT", "json")
    assert main([]) == 0
    logs.get_logger().warning("below")
    logs.get_logger().error("above")
    logs.configure("info", "console")
    assert '"event": "above"' in capsys.readouterr().err


@pytest.mark.parametrize("wrap", [lambda e: e, lambda e: ExceptionGroup("", [e])])
def test_a_start_that_failed_is_a_sentence_and_exit_code_1(
    served: Served, capsys: Capsys, wrap: Callable[[Exception], Exception]
):
    served.error = wrap(StartFailed("127.0.0.1:8080 is in use"))
    assert main([]) == 1
    assert capsys.readouterr().err == "lastseen-server: 127.0.0.1:8080 is in use\n"


def test_ctrl_c_is_exit_code_130_without_a_word(served: Served, capsys: Capsys):
    served.error = KeyboardInterrupt()
    assert main([]) == 130
    assert capsys.readouterr().err == ""


CTRL_C_IN = """
import os, signal, sys
from lastseen.server.__main__ import main

module = sys.argv.pop()
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it

class CtrlC:
    def find_spec(self, name, path, target=None):
        if name == module:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, CtrlC())
sys.exit(main())
"""


@pytest.mark.parametrize("module", ["cyclopts", "lastseen.server.config", "trio", "sqlalchemy"])
def test_ctrl_c_while_this_is_imported_is_130_without_a_word(module: str):
    done = subprocess.run(
        [sys.executable, "-c", CTRL_C_IN, module], capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("error", [RuntimeError("a fault"), OSError("a fault"), BrokenPipeError()])
def test_a_fault_of_ours_is_seen_whole(served: Served, error: Exception):
    served.error = error
    with pytest.raises(type(error)):
        main([])


def test_a_wrong_setting_is_a_sentence_and_exit_code_2(
    served: Served, folder: Path, capsys: Capsys
):
    (folder / "config.toml").write_text("[server]\nport = 'x'\n")
    assert main([]) == 2
    assert capsys.readouterr().err == (
        "lastseen-server: config.toml: server.port: expected `int`, got 'x'\n"
    )
    assert served.loaded is None


# --- usage --------------------------------------------------------------------------------------


def test_version_is_printed(capsys: Capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"{VERSION}\n"


def test_help_names_the_commands(capsys: Capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f" {command} " in out for command in ("check-config", "init-config", "show-config"))
    assert all(f" {command} " in out for command in ("migrate", "export", "import", "backup"))


@pytest.mark.parametrize("command", ["migrate", "export", "import", "backup"])
def test_the_help_of_what_looks_after_the_store_shows_examples(command: str, capsys: Capsys):
    assert main([command, "--help"]) == 0
    assert "lastseen-server " + command in capsys.readouterr().out.split("Examples:")[1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["chek-config"], "no such command: chek-config."),
        (["--port", "3"], "Unknown option: --port."),
        (["--confg", "x"], "Unknown option: --confg. Did you mean --config?"),
        (["init-config"], 'Command "init-config" parameter PATH requires an argument.'),
        (["show-config", "--config"], 'Command "show-config" parameter --config requires'),
    ],
)
def test_wrong_usage_is_a_sentence_and_exit_code_2(
    arguments: list[str], sentence: str, served: Served, capsys: Capsys
):
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"lastseen-server: {sentence}")
    assert err.endswith("See `lastseen-server --help`.\n")
    assert served.loaded is None


def test_a_named_file_that_is_missing_is_exit_code_2(capsys: Capsys):
    assert main(["--config", "missing.toml"]) == 2
    assert capsys.readouterr().err == (
        "lastseen-server: missing.toml: cannot be read: No such file or directory\n"
    )


def test_no_name_of_a_file_can_command_the_terminal(capsys: Capsys):
    assert main(["check-config", "--config", "\x1b[31m\n.toml"]) == 2
    assert capsys.readouterr().err[:-1].isprintable()


# --- the files of settings ----------------------------------------------------------------------


def test_check_config_says_that_there_are_no_mistakes(folder: Path, capsys: Capsys):
    assert main(["check-config"]) == 0
    assert capsys.readouterr().out == "there is no config.toml here; the defaults: no mistakes\n"
    (folder / "config.toml").write_text("")
    assert main(["check-config"]) == 0
    assert capsys.readouterr().out == "config.toml: no mistakes\n"


def test_check_config_warns_and_still_succeeds(folder: Path, capsys: Capsys):
    (folder / "config.toml").write_text("[server]\nconnection_timeout = 70\n")
    assert main(["check-config"]) == 0
    assert capsys.readouterr().err.startswith("warning: server.connection_timeout (70) is less")


@pytest.mark.parametrize("url", ["mysql://ann:secret@h/x", "sqlite://relative", ""])
def test_a_wrong_store_is_a_wrong_setting_and_not_found_out_at_the_start(
    url: str, served: Served, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
):
    monkeypatch.setenv("LASTSEEN_STORE__URL", url)
    for arguments in (["check-config"], [], ["migrate"]):
        assert main(arguments) == 2
        captured = capsys.readouterr()
        assert captured.err.startswith("lastseen-server: environment LASTSEEN_STORE__URL: ")
        assert "secret" not in captured.err
        assert len(captured.err.splitlines()) == 1
    assert served.loaded is None


def test_check_config_finds_a_mistake(folder: Path, capsys: Capsys):
    (folder / "config.toml").write_text("[server]\nconnection_timeout = 7\n")
    assert main(["check-config"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "server.connection_timeout: expected more than" in captured.err


def test_init_config_writes_a_file_that_check_config_accepts(folder: Path):
    assert main(["init-config", "new.toml"]) == 0
    assert (folder / "new.toml").read_text() == commented()
    assert main(["check-config", "--config", "new.toml"]) == 0


def test_init_config_leaves_an_existing_file_alone(folder: Path, capsys: Capsys):
    (folder / "mine.toml").write_text("mine")
    assert main(["init-config", "mine.toml"]) == 1
    assert (folder / "mine.toml").read_text() == "mine"
    assert "mine.toml: exists already" in capsys.readouterr().err


def test_init_config_says_why_it_cannot_write(capsys: Capsys):
    assert main(["init-config", "nowhere/new.toml"]) == 1
    assert capsys.readouterr().err == (
        "lastseen-server: nowhere/new.toml: cannot be written: No such file or directory\n"
    )


def test_show_config_prints_what_is_in_force_and_why(
    monkeypatch: pytest.MonkeyPatch, capsys: Capsys
):
    monkeypatch.setenv("LASTSEEN_SERVER__PORT", "9000")
    assert main(["show-config"]) == 0
    out = capsys.readouterr().out
    assert tomllib.loads(out)["server"]["port"] == 9000
    assert "port = 9000  # environment LASTSEEN_SERVER__PORT\n" in out


# --- real processes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("missing", "arguments"),
    [
        ("structlog", []),
        ("tomli_w", ["show-config"]),
        ("sqlalchemy", []),
        ("sqlalchemy", ["export", "x"]),
        ("alembic", ["migrate"]),
        ("httpx", ["notify-test"]),
    ],
)
def test_without_the_extra_it_says_how_to_install_it(missing: str, arguments: list[str]):
    script = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from lastseen.server.__main__ import main\n"
        f"sys.exit(main({arguments!r}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == (
        "lastseen-server: the server is not installed; to install it:"
        " pip install 'lastseen[server]' (in a clone: pip install '.[server]')\n"
    )


@pytest.mark.parametrize("arguments", [[], ["migrate"], ["export", "x"]])
def test_postgresql_without_its_driver_is_a_sentence_that_says_how_to_install_it(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LASTSEEN_STORE__URL", "postgresql+psycopg://me:secret@127.0.0.1:1/x")
    script = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from lastseen.server.__main__ import main\n"
        f"sys.exit(main({arguments!r}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.endswith(
        "that is not installed: pip install 'lastseen[postgres]'"
        " (in a clone: pip install '.[postgres]')\n"
    )
    assert "secret" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_help_needs_nothing_that_is_not_installed():
    script = (
        "import sys; sys.modules['sqlalchemy'] = sys.modules['structlog'] = None\n"
        "from lastseen.server.__main__ import main\n"
        "sys.exit(main(['--help']))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_output_that_cannot_be_written_is_a_sentence():
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "lastseen.server", "show-config"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == (
        "lastseen-server: the output cannot be written: No space left on device\n"
    )


def test_init_config_writes_the_store_that_it_is_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file, url = tmp_path / "c.toml", f"sqlite:///{tmp_path}/data/lastseen.db"
    assert main(["init-config", str(file), "--store", url]) == 0
    assert f'url = "{url}"' in file.read_text()
    capsys.readouterr()
    assert main(["init-config", str(tmp_path / "d.toml"), "--store", "mysql://x"]) == 1
    assert capsys.readouterr().err.startswith("lastseen-server: --store: expected sqlite:///FILE")
    assert not (tmp_path / "d.toml").exists()


def test_config_may_come_before_the_sub_command(folder: Path, capsys: Capsys):
    (folder / "mine.toml").write_text("[server]\nport = 1234\n")
    for arguments in (
        ["--config", "mine.toml", "check-config"],
        ["--config=mine.toml", "check-config"],
    ):
        assert main(arguments) == 0
        assert capsys.readouterr().out == "mine.toml: no mistakes\n"


def test_a_variable_that_sets_nothing_is_warned_of_with_the_nearest_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
):
    (folder / "config.toml").write_text("")
    monkeypatch.setenv("LASTSEEN_SERVER_PORT", "9000")
    monkeypatch.setenv("LASTSEEN_SERVER", "127.0.0.1:8080")  # of the other command
    assert main(["check-config"]) == 0
    assert capsys.readouterr().err == (
        "warning: environment LASTSEEN_SERVER_PORT sets nothing; did you mean "
        "LASTSEEN_SERVER__PORT?\n"
    )
