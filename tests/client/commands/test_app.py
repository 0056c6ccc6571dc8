import itertools

import pytest

from lastseen.client.__main__ import main

COMMANDS = (
    *("connect", "list", "watch", "history", "uptime", "forget"),
    *("ping", "settings", "stats", "completion", "lan", "open"),
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


@pytest.mark.parametrize("command", ["", *COMMANDS, "settings set", "lan peers", "lan announce"])
def test_help_fits_a_terminal_of_80_columns(capsys, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*command.split(), "--help"]) == 0
    lines = capsys.readouterr().out.rstrip().splitlines()
    examples = lines[lines.index("Examples:") + 1 :]
    assert all(line.startswith(("  ", "Exit codes:")) for line in examples if line)
    text = lines[: next((n for n, line in enumerate(lines) if line.startswith("╭")), 0)]
    for line, following in itertools.pairwise(text):
        if line and following:
            assert len(line) > 60, f"{line!r} breaks before {following!r}"


@pytest.mark.parametrize("command", [*COMMANDS, "settings set"])
def test_help_has_no_defaults_that_say_nothing(capsys, command):
    assert main([*command.split(), "--help"]) == 0
    told = capsys.readouterr().out
    assert not any(f"[default: {nothing}]" in told for nothing in ('""', "()", "False"))


def test_the_help_of_a_change_says_name_and_value(capsys):
    assert main(["settings", "set", "--help"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Usage: lastseen settings set NAME VALUE [NAME VALUE...] [OPTIONS]\n")
    assert "WORDS" not in told


def test_the_version_is_that_of_the_release(capsys):
    from lastseen.shared.version import VERSION

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"{VERSION}\n"
