"""A system call of the pump fails: at most the one link is lost that it was about."""

from collections.abc import Callable
from typing import Any

import pytest

from lastseen.shared.messages import Ping

CLIENTS = 8
FULL = "cannot accept more connections now"

LOSES_ITS_LINK = (
    "recvfrom:error=ECONNRESET",
    "recvfrom:error=ETIMEDOUT",
    "recvfrom:error=ENOBUFS",
    "sendto:error=ECONNRESET",
    "sendto:error=EPIPE",
    "sendto:error=ENOBUFS",
)

LOSES_NOBODY = (
    "recvfrom:error=EINTR",
    "recvfrom:error=EAGAIN",
    "sendto:error=EINTR",
    "sendto:error=EAGAIN",
    "epoll_wait:error=EINTR",
)


@pytest.mark.parametrize("fault", LOSES_ITS_LINK)
def test_a_link_at_which_it_fails_is_closed_and_no_other(
    steady: Any, wire: Any, honest: Any, inject: Any, faultless: Any, fault: str
):
    clients = honest(steady, CLIENTS)
    injection = inject(steady, f"{fault}:when=3")
    survivors = clients.survivors()
    assert len(injection.wait()) == 1
    assert len(survivors) == CLIENTS - 1
    injection.end()
    (lost,) = clients.links.keys() - survivors.keys()
    assert steady.logged("client late", client_id=lost)
    assert wire(steady).register(lost).client_id == lost
    assert len(clients.survivors()) == CLIENTS - 1
    faultless(steady)


@pytest.mark.parametrize("fault", LOSES_NOBODY)
def test_a_call_that_only_has_to_be_made_again_loses_nobody(
    steady: Any, honest: Any, inject: Any, faultless: Any, fault: str
):
    clients = honest(steady, CLIENTS)
    injection = inject(steady, f"{fault}:when=3")
    assert len(clients.survivors()) == CLIENTS
    injection.wait()
    injection.end()
    assert len(clients.survivors()) == CLIENTS
    faultless(steady)


@pytest.mark.parametrize("error", ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"])
def test_without_room_for_one_more_it_says_so_and_takes_it_later(
    steady: Any, wire: Any, honest: Any, inject: Any, faultless: Any, error: str
):
    clients = honest(steady, CLIENTS)
    said_before = len(steady.events(FULL))
    injection = inject(steady, f"accept4:error={error}:when=1..2")
    late = wire(steady)
    assert len(clients.survivors()) == CLIENTS
    assert late.register("late").client_id == "late"
    assert len(injection.done()) == 2
    assert len(steady.events(FULL)) == said_before + 2
    faultless(steady)


@pytest.mark.parametrize("error", ["ECONNABORTED", "EPROTO", "EPERM", "ENETUNREACH", "EINTR"])
def test_a_connection_that_died_waiting_keeps_nobody_out(
    steady: Any, wire: Any, inject: Any, faultless: Any, error: str
):
    injection = inject(steady, f"accept4:error={error}:when=1")
    assert wire(steady).register("next").client_id == "next"
    injection.wait()
    faultless(steady)


@pytest.mark.parametrize("error", ["ENOSPC", "ENOMEM"])
def test_a_connection_that_the_poll_set_cannot_take_is_closed(
    steady: Any, wire: Any, honest: Any, inject: Any, faultless: Any, error: str
):
    clients = honest(steady, CLIENTS)
    injection = inject(steady, f"epoll_ctl:error={error}:when=1")
    assert wire(steady).hear() is None
    (call,) = injection.wait()
    assert "EPOLL_CTL_ADD" in call
    injection.end()
    assert steady.events("a connection could not be served")
    assert wire(steady).register("next").client_id == "next"
    assert len(clients.survivors()) == CLIENTS
    faultless(steady)


@pytest.mark.parametrize("fault", ["shutdown:error=ENOTCONN", "shutdown:error=EINVAL"])
def test_who_is_dismissed_is_gone_even_if_its_link_cannot_be_shut(
    steady: Any, wire: Any, inject: Any, faultless: Any, fault: str
):
    first = wire(steady)
    first.register("web-01", instance="a")
    injection = inject(steady, f"{fault}:when=1")
    second: Callable[..., Any] = wire(steady).register
    assert second("web-01", instance="b").client_id == "web-01"
    assert first.hear().reason == "replaced"
    assert first.hear() is None
    injection.wait()
    faultless(steady)


def test_one_call_in_seven_fails_for_a_while_and_then_all_are_back(
    steady: Any, wire: Any, inject: Any, faultless: Any
):
    injection = inject(steady, "recvfrom,sendto:error=ECONNRESET:when=7+7")
    for number in range(60):
        link = wire(steady)
        try:
            link.register(f"web-{number % 10}")
            link.say(Ping())
            link.hear()
        except OSError:
            pass
        link.close()
    injection.wait(10)
    injection.end()
    links = [wire(steady) for _ in range(10)]
    assert [link.register(f"web-{n}").client_id for n, link in enumerate(links)]
    records = links[0].list_all()
    assert {records[f"web-{number}"].status for number in range(10)} == {"online"}
    faultless(steady)
