import pytest
from cyclopts.completion import ShellDetectionError

from lastseen.client.__main__ import main


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_each_shell_knows_the_sub_commands(capsys, shell):
    assert main(["completion", "--shell", shell]) == 0
    script = capsys.readouterr().out
    assert all(
        word in script
        for word in ("connect", "watch", "--status", "history", "--since", "forget", "silence")
    )


def test_a_script_can_be_installed_where_the_shell_finds_it(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["completion", "--install", "--shell", "fish"]) == 0
    [installed] = tmp_path.rglob("lastseen.fish")
    assert capsys.readouterr().out == f"installed {installed}; open a new shell to use it\n"


def test_an_unknown_shell_is_a_usage_error(capsys):
    assert main(["completion", "--shell", "tcsh"]) == 2
    assert "tcsh" in capsys.readouterr().err


def test_a_shell_that_cannot_be_told_is_a_usage_error(capsys, monkeypatch):
    def lost():
        raise ShellDetectionError("no shell found")

    monkeypatch.setattr("cyclopts.completion.detect_shell", lost)
    assert main(["completion"]) == 2
    assert "--shell" in capsys.readouterr().err
