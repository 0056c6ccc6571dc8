import os
import signal

import pytest
import trio

from lastseen.client.commands import signals as module
from lastseen.client.commands.signals import stopped_by_signals


def send(number):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
async def test_a_signal_ends_the_block_and_decides_the_exit_code(number, code):
    with stopped_by_signals() as stop:
        send(number)
        await trio.sleep_forever()
    assert stop.signal == number
    assert stop.exit_code == code


async def test_a_signal_ends_only_the_innermost_scope():
    with stopped_by_signals() as stop:
        with stop.scope():
            send(signal.SIGINT)
            await trio.sleep_forever()
        await trio.lowlevel.checkpoint()  # would raise Cancelled
        left_in_order = True
    assert left_in_order


async def test_the_same_signal_twice_at_once_counts_as_one(monkeypatch):
    monkeypatch.setattr(module, "_ECHO", 60.0)
    with stopped_by_signals() as stop:
        with stop.scope():
            send(signal.SIGINT)
            await trio.sleep_forever()
        send(signal.SIGINT)
        await trio.lowlevel.checkpoint()
    assert stop.exit_code == 130


async def test_a_second_signal_later_ends_at_once(monkeypatch):
    monkeypatch.setattr(module, "_ECHO", -1.0)
    came = []
    monkeypatch.setattr(signal, "raise_signal", came.append)
    with stopped_by_signals() as stop:
        with stop.scope():
            send(signal.SIGINT)
            await trio.sleep_forever()
        send(signal.SIGINT)
    assert came == [signal.SIGINT]


async def test_afterwards_the_signals_are_handled_as_before():
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    with stopped_by_signals():
        assert signal.getsignal(signal.SIGINT) is not before[0]
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before


async def test_a_block_that_ends_by_itself_was_stopped_by_nothing():
    with stopped_by_signals() as stop:
        pass
    assert stop.signal is None
    assert stop.exit_code == 0
