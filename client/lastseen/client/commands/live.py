"""`lastseen watch` on a terminal: the tasks that keep the picture true, and the terminal itself.

Tasks: one follows the changes, one refreshes the times of the last pings, one reads keys; the main
one paints, when something changed (at most ten times a second) and once a second in any case.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import trio
from rich.console import Console
from rich.live import Live
from rich.text import Text

from lastseen.client import LinkLost, Observer, observe
from lastseen.client.commands.board import Board
from lastseen.client.commands.link_events import sentence
from lastseen.client.commands.output import utc_now
from lastseen.client.commands.screen import Line, Screen
from lastseen.client.commands.terminal import styled
from lastseen.client.events import Connected, Disconnected, Event, Unreachable

_TICK = 1.0
"""Seconds between paintings when nothing changes, so that "3 minutes ago" goes on counting."""

_PAUSE = 0.1
"""Seconds between paintings at least: 200 rows take 40 ms, and nobody reads faster."""

_REFRESH = 10.0
"""Seconds between listings that bring the times of the last pings, which make no diffs."""

_REFRESH_AT_MOST = 1000
"""Clients up to which the list is asked for again; beyond, the server would work for a picture."""


class _Watch:
    """What the tasks share."""

    def __init__(self, server: str) -> None:
        self.board = Board()
        self.screen = Screen(server)
        self._server = server
        self._changed = trio.Event()

    def on_event(self, event: Event) -> None:
        if isinstance(event, Connected):
            self.screen.banner = ""
        elif isinstance(event, Disconnected | Unreachable):
            self.screen.banner = sentence(event, self._server)
        self.repaint()

    def repaint(self) -> None:
        self._changed.set()

    async def wait(self) -> None:
        """Until there is something to paint: a change, or a second gone."""
        await trio.sleep(_PAUSE)
        with trio.move_on_after(_TICK - _PAUSE):
            await self._changed.wait()
        self._changed = trio.Event()


async def show(server: str) -> None:
    """Watch until cancelled, or until `q` is pressed.

    Raises:
        LastseenError: The server could not be reached at first, or ended the session for good.
    """
    watch = _Watch(server)
    async with observe(server, on_event=watch.on_event) as observer, trio.open_nursery() as nursery:
        nursery.start_soon(_follow, watch, observer)
        nursery.start_soon(_refresh, watch, observer)
        nursery.start_soon(_read_keys, watch, nursery.cancel_scope)
        await _paint(watch)


async def _follow(watch: _Watch, observer: Observer) -> None:
    async for change in observer.watch():
        watch.board.apply(change, utc_now())
        watch.repaint()


async def _refresh(watch: _Watch, observer: Observer) -> None:
    while True:
        await trio.sleep(_REFRESH)
        if len(watch.board.present) > _REFRESH_AT_MOST:
            continue
        try:
            watch.board.hear([record async for record in observer.clients()])
        except LinkLost:
            continue  # the banner says so already
        watch.repaint()


async def _paint(watch: _Watch) -> None:
    console = Console(highlight=False, markup=False, emoji=False)
    with Live(
        console=console,
        screen=True,
        auto_refresh=False,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as live:
        while True:
            width, height = console.size
            lines = watch.screen.paint(
                watch.board, utc_now().astimezone(), width=width, height=height
            )
            live.update(_picture(lines), refresh=True)
            await watch.wait()


def _picture(lines: list[Line]) -> Text:
    """The lines as one text; without colours where NO_COLOR asks for that."""
    coloured = styled()
    picture = Text(no_wrap=True, overflow="ellipsis")
    for number, line in enumerate(lines):
        picture.append("\n" if number else "")
        for cell in line:
            picture.append(cell.text, cell.style if coloured else None)
    return picture


async def _read_keys(watch: _Watch, scope: trio.CancelScope) -> None:
    if not sys.stdin.isatty():
        return
    descriptor = sys.stdin.fileno()
    with _each_key_at_once(descriptor):
        while True:
            await trio.lowlevel.wait_readable(descriptor)
            key = os.read(descriptor, 16).decode(errors="replace")
            if not key:
                return
            if watch.screen.press(key):
                scope.cancel()
            watch.repaint()


@contextmanager
def _each_key_at_once(descriptor: int) -> Iterator[None]:
    """Keys without Enter, and not echoed; Ctrl-C still is a signal."""
    import termios
    import tty

    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
