"""`lastseen watch`: the list, live; one line a change where the output is not a terminal."""

from lastseen.client.commands import watch_lines
from lastseen.client.commands.board import Board
from lastseen.client.commands.link_events import sentence, to_dict
from lastseen.client.commands.options import DEFAULT_SERVER, Json, Server
from lastseen.client.commands.output import clock, to_json, utc_now
from lastseen.client.commands.records import summary
from lastseen.client.commands.terminal import paintable, say
from lastseen.client.events import Event, Unreachable
from lastseen.client.view import Change


async def watch(*, server: Server = DEFAULT_SERVER, json: Json = False) -> int:
    """Show the clients live."""
    from lastseen.client.commands.signals import stopped_by_signals

    with stopped_by_signals() as stop:
        if json or not paintable():
            await _print_changes(server, json=json)
        else:
            from lastseen.client.commands.live import show

            await show(server)
    return stop.exit_code


async def _print_changes(server: str, *, json: bool) -> None:
    from lastseen.client import observe

    board = Board()
    tell, link_line = (_tell_json, _link_json) if json else (_tell, _link_line)

    def on_event(event: Event) -> None:
        # A failure at the very start is the command's own, and is told as such.
        if json or not (isinstance(event, Unreachable) and event.retry_in is None):
            say(link_line(event, server))

    async with observe(server, on_event=on_event) as observer:
        async for change in observer.watch():
            tell(change, board)


def _link_line(event: Event, server: str) -> str:
    return f"{clock(utc_now().astimezone())} {sentence(event, server)}"


def _link_json(event: Event, server: str) -> str:
    return to_json(to_dict(event, server, utc_now()))


def _tell(change: Change, board: Board) -> None:
    """Print a change; of the first snapshot, where everyone is new, just how many."""
    now = utc_now().astimezone()
    first = change.kind == "snapshot" and not (board.present or board.departed)
    if not first:
        for line in watch_lines.lines(change, board.present, now):
            say(line)
    board.apply(change, now)
    if change.kind == "snapshot":
        say(f"{clock(now)} {summary(_present(board), shown=('online', 'late'))}")


def _tell_json(change: Change, board: Board) -> None:
    now = utc_now()
    for told in watch_lines.objects(change, now):
        say(to_json(told))
    board.apply(change, now)
    if change.kind == "snapshot":
        say(to_json({"type": "snapshot", "time": now, **_present(board)}))


def _present(board: Board) -> dict[str, int]:
    counts = board.counts()
    return {"online": counts["online"], "late": counts["late"]}
