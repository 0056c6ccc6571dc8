import pytest
from cyclopts import CycloptsError

from lastseen.client import ConnectFailed, Ended, LinkLost, Refused
from lastseen.client.commands.exits import Exit, exit_for
from lastseen.client.commands.usage import UsageError


def after(first, error):
    error.__context__ = first
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KeyboardInterrupt(), 130),
        (UsageError("expected x"), 2),
        (CycloptsError(msg="Unknown option"), 2),
        (ConnectFailed("could not connect"), 1),
        (Refused("bad_settings", "no"), 1),
        (LinkLost("gone"), 1),
        (Ended("replaced"), 1),
        (OSError(28, "No space left on device"), 1),
        (BrokenPipeError(), 0),
        (after(BrokenPipeError(), SystemExit(1)), 0),
    ],
)
def test_each_error_has_its_exit_code(error, code):
    assert exit_for(error).code == code


def test_who_cannot_connect_is_told_what_to_do():
    error = ConnectFailed("could not connect to 127.0.0.1:8080: connection refused", absent=True)
    assert exit_for(error).sentence == (
        "could not connect to 127.0.0.1:8080: connection refused. "
        "Is the server running? Start it with `lastseen-server`."
    )


def test_who_was_answered_badly_is_not_told_to_start_a_server():
    error = ConnectFailed("could not connect to h:1: no answer within 10 s")
    assert exit_for(error).sentence == "could not connect to h:1: no answer within 10 s."


def test_wrong_usage_names_the_help_of_the_sub_command():
    error = UsageError("expected x")
    assert exit_for(error, ["settings", "set"]).sentence.endswith(
        "See `lastseen settings set --help`."
    )
    assert exit_for(error).sentence == "expected x\nSee `lastseen --help`."


def test_ctrl_c_and_a_reader_that_had_enough_end_without_a_word():
    assert exit_for(KeyboardInterrupt()).sentence == ""
    assert exit_for(BrokenPipeError()).sentence == ""


def test_a_fault_of_ours_is_not_hidden():
    assert exit_for(ZeroDivisionError()) is None
    assert exit_for(SystemExit(3)) is None
    assert exit_for(ExceptionGroup("", [ZeroDivisionError(), LinkLost("x")])) is None


def test_in_a_group_the_highest_code_counts():
    group = BaseExceptionGroup("", [LinkLost("x"), ExceptionGroup("", [UsageError("y")])])
    assert exit_for(group).code == 2
    assert exit_for(BaseExceptionGroup("", [LinkLost("x"), KeyboardInterrupt()])) == Exit(130)


def test_what_a_server_says_cannot_command_the_terminal():
    assert exit_for(Refused("x", "\x1b[2J")).sentence == r"\x1b[2J (x)."
