import pytest

from lastseen.client.__main__ import main

COMMANDS = (
    *("connect", "list", "watch", "history", "uptime", "forget"),
    *("ping", "settings", "stats", "completion"),
)


def test_help_names_every_sub_command(capsys):
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    assert all(f" {command} " in told for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_sub_command_shows_examples(capsys, command):
    assert main([command, "--help"]) == 0
    told = capsys.readouterr().out
    assert f"Usage: lastseen {command}" in told
    assert "Examples:" in told.split("╯")[-1]
    assert f"  lastseen {command}" in told


def test_the_version_is_that_of_the_release(capsys):
    from lastseen.shared.version import VERSION

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"{VERSION}\n"
