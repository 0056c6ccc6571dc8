"""How many files may be open."""

import resource
from collections.abc import Callable

import pytest

from lastseen.server import descriptors

Limits = tuple[int, int]


@pytest.fixture
def allow(monkeypatch: pytest.MonkeyPatch) -> Callable[[Limits, int], Limits]:
    """Has the server allow for some clients where these are the limits; gives the limits then."""

    def allow(limits: Limits, max_clients: int, *, most: int = 1_000_000) -> Limits:
        now = [limits]

        def setrlimit(_which: int, wish: Limits) -> None:
            if wish[0] > most:
                raise ValueError("current limit exceeds maximum limit")
            now.append(wish)

        monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
        monkeypatch.setattr(resource, "setrlimit", setrlimit)
        room = descriptors.allow(max_clients)
        assert room == now[-1][0] - descriptors.SPARE
        return now[-1]

    return allow


def test_open_files_are_allowed_as_max_clients_needs(
    allow: Callable[..., Limits], capsys: pytest.CaptureFixture[str]
):
    assert allow((1024, 20_000), 10_000) == (10_000 + descriptors.SPARE, 20_000)
    assert allow((1024, resource.RLIM_INFINITY), 10_000)[0] == 10_000 + descriptors.SPARE
    assert capsys.readouterr().err == ""


def test_a_limit_that_is_high_enough_stays(allow: Callable[..., Limits]):
    assert allow((15_000, 20_000), 10_000) == (15_000, 20_000)


def test_where_fewer_open_files_are_allowed_the_log_says_so_and_how_to_raise_it(
    allow: Callable[..., Limits], capsys: pytest.CaptureFixture[str]
):
    assert allow((1024, 4096), 10_000) == (4096, 4096)
    logged = capsys.readouterr().err
    assert "allowed=4096 needed=10100" in logged
    assert "LimitNOFILE" in logged


def test_a_limit_that_the_system_does_not_grant_is_no_reason_not_to_start(
    allow: Callable[..., Limits], capsys: pytest.CaptureFixture[str]
):
    unlimited = (256, resource.RLIM_INFINITY)
    assert allow(unlimited, 100_000, most=10_240) == unlimited
    assert "allowed=256 needed=100100" in capsys.readouterr().err
