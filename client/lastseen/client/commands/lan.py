"""`lastseen lan`: the members of the local network that a server knows, and being one oneself."""

from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from lastseen.client.commands.lan_lines import PROGRAM, greeting, sighting, sighting_to_dict
from lastseen.client.commands.list_ import Sort, show
from lastseen.client.commands.options import DEFAULT_SERVER, Json, Lan, Server
from lastseen.client.commands.output import safe, to_json, utc_now
from lastseen.client.commands.server_on_lan import server_for
from lastseen.client.commands.terminal import remark, say, with_time
from lastseen.client.commands.usage import UsageError
from lastseen.shared.ipmsg.entry import Entry
from lastseen.shared.ipmsg.packet import PORT
from lastseen.shared.messages import List

if TYPE_CHECKING:
    from lastseen.client.observer import Observer

_NAMES = 64
"""Characters that a name may have; members cut longer ones."""

lan_app = App(
    name="lan",
    help_epilogue="""Examples:

  lastseen lan peers
  lastseen lan peers --all --json
  lastseen lan announce --nickname "Ann" --group Lab""",
)


@lan_app.command(
    help_epilogue="""Examples:

  lastseen lan peers
  lastseen lan peers --lan --all"""
)
async def peers(
    *,
    everyone: Annotated[
        bool, Parameter(name="--all", negative="", help="Offline ones, too.")
    ] = False,
    sort: Sort = "id",
    server: Server = DEFAULT_SERVER,
    lan: Lan = False,
    json: Json = False,
) -> None:
    """List the members that a server knows, itself among them."""
    wish = List(status="all" if everyone else None, via="lan")
    await show(wish, sort, await server_for(server, lan=lan), json=json, why_nobody=_why_nobody)


async def _why_nobody(observer: "Observer") -> str:
    if (await observer.stats()).lan is None:
        return (
            "this server is no member of the LAN, and hears nobody there: set lan.enabled = true"
            " in its settings, and restart it"
        )
    return "no members found"


@lan_app.command(
    help_epilogue="""Examples:

  lastseen lan announce
  lastseen lan announce --nickname Ann --group Lab
  lastseen lan announce --away --note "at lunch\""""
)
async def announce(
    *,
    nickname: Annotated[str, Parameter(help="The name for people. Default: --user.")] = "",
    group: Annotated[str, Parameter(help="The group that members show you in.")] = "",
    user: Annotated[str, Parameter(help="Default: the user who runs this.")] = "",
    host: Annotated[str, Parameter(help="Default: this machine's name.")] = "",
    away: Annotated[bool, Parameter(negative="", help="Say that nobody is there.")] = False,
    note: Annotated[str, Parameter(help="Why, with --away.")] = "",
    interval: Annotated[float, Parameter(help="Seconds between announcements.")] = 60,
    port: Annotated[int, Parameter(help="The UDP port of all members.")] = PORT,
    bind: Annotated[str, Parameter(help="One address of this machine to be a member at.")] = "",
    legacy_encoding: Annotated[
        Literal["cp932", "gbk"], Parameter(help="That of members that know no UTF-8.")
    ] = "cp932",
    json: Json = False,
) -> int:
    """Be visible on the local network without a server, and tell who else is.

    Ends with Ctrl-C (exit code 130) or SIGTERM (0), after saying goodbye. A member
    that was not heard for three intervals is told as silent.
    """
    me = _myself(nickname, group, user, host, away=away, note=note)
    _check(interval, port)
    return await _be_a_member(me, interval, bind, port, legacy_encoding, json=json)


def _myself(nickname: str, group: str, user: str, host: str, *, away: bool, note: str) -> Entry:
    import socket

    if note and not away:
        raise UsageError("--note says why one is --away, and --away is not given")
    given = {"nickname": nickname, "group": group, "user": user, "host": host, "note": note}
    for name, value in given.items():
        if not value.isprintable() or len(value) > _NAMES:
            met = f"got '{safe(value)}'"
            raise UsageError(f"--{name}: expected printable text of at most {_NAMES}, {met}")
    user = user or _user_of_process()
    host = host or socket.gethostname()
    return Entry(user, host, nickname or user, group, away, note, program=PROGRAM)


def _user_of_process() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user in the system's list: a container, say
        return "lastseen"


def _check(interval: float, port: int) -> None:
    if not 0.05 <= interval <= 86_400:  # as lan.announce_interval of a server
        raise UsageError(f"--interval: expected from 0.05 to 86400 seconds, got {interval:g}")
    if not 1 <= port <= 65_535:
        raise UsageError(f"--port: expected a port from 1 to 65535, got {port}")


async def _be_a_member(
    me: Entry,
    interval: float,
    bind: str,
    port: int,
    legacy: Literal["cp932", "gbk"],
    *,
    json: bool,
) -> int:
    from lastseen.client.announcer import Announcer, Sighting
    from lastseen.client.commands.signals import stopped_by_signals
    from lastseen.client.member import conduct_of, open_post

    post = open_post(bind, port)

    def tell(found: Sighting) -> None:
        now = utc_now()
        say(to_json(sighting_to_dict(found, now)) if json else with_time(now, sighting(found)))

    def tell_outage(reason: str | None) -> None:
        remark("announcing again" if reason is None else f"cannot announce now: {reason}")

    announcer = Announcer(conduct_of(me, interval, port, legacy), post, interval, tell, tell_outage)
    try:
        with stopped_by_signals() as stop:
            remark(greeting(me, port))
            await announcer.run()
        announcer.leave()
    finally:
        post.close()
    return stop.exit_code
