"""One link's fault ends that link; whoever serves many goes on."""

from collections.abc import Callable

import pytest

from lastseen.server.presence.isolation import apart


class Link:
    """Notes that it was ended, which raises too if it must."""

    def __init__(self, ending: Callable[[], object] = lambda: None) -> None:
        self.ended = 0
        self._ending = ending

    def crashed(self) -> None:
        self.ended += 1
        self._ending()


def fail() -> None:
    raise RuntimeError("a fault of ours")


def fail_again() -> None:
    raise ValueError("another fault")


def test_what_serving_a_link_gives_is_given(capsys: pytest.CaptureFixture[str]):
    link = Link()
    assert apart(link, lambda: 7) == 7
    assert link.ended == 0
    assert capsys.readouterr().err == ""


def test_a_link_whose_serving_raises_is_ended_and_the_log_has_the_traceback(
    capsys: pytest.CaptureFixture[str],
):
    link = Link()
    assert apart(link, fail) is None  # type: ignore[func-returns-value]  # that it returns at all
    assert link.ended == 1
    log = capsys.readouterr().err
    assert "a link crashed" in log
    assert "RuntimeError: a fault of ours" in log


def test_one_that_cannot_even_be_ended_raises_nothing_either(capsys: pytest.CaptureFixture[str]):
    link = Link(fail_again)
    apart(link, fail)
    assert link.ended == 1
    log = capsys.readouterr().err
    assert "RuntimeError: a fault of ours" in log
    assert "ValueError: another fault" in log


def test_where_there_is_no_link_the_fault_is_logged_all_the_same(
    capsys: pytest.CaptureFixture[str],
):
    apart(None, fail)
    assert "RuntimeError: a fault of ours" in capsys.readouterr().err


def test_what_ends_a_task_passes_through():
    def interrupt() -> None:
        raise KeyboardInterrupt

    link = Link()
    with pytest.raises(KeyboardInterrupt):
        apart(link, interrupt)
    assert link.ended == 0
