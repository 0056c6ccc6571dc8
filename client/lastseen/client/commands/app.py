"""The sub-commands of `lastseen`, each named by where it is, and imported when it is called."""

from cyclopts import App, Parameter

from lastseen.shared.version import VERSION

_HERE = "lastseen.client.commands"

_ABOUT = """Who is online right now, and when everyone else was last seen.

The server is at 127.0.0.1:8080, unless --server or LASTSEEN_SERVER names another."""

_EPILOGUE = """Examples:

  lastseen connect --id web-01        be present, until Ctrl-C
  lastseen list                       who is here
  lastseen watch --server hub:8080    the same, live
  lastseen history web-01             when it came and went

Exit codes: 0 done, 1 failed (no link, refused), 2 wrong usage, 130 Ctrl-C."""


def _default(value: object) -> str | None:
    """What --help says of a default: nothing of an empty one, or of an option that is off."""
    return str(value) if value else None


app = App(
    name="lastseen",
    default_parameter=Parameter(show_default=_default),
    help=_ABOUT,
    help_epilogue=_EPILOGUE,
    help_format="plaintext",
    version=VERSION,
    backend="trio",
    # `__main__` turns every error, usage errors and Ctrl-C too, into a sentence and an exit code.
    print_error=False,
    exit_on_error=False,
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)


def _add(name: str, where: str, about: str, examples: str) -> None:
    app.command(f"{_HERE}.{where}", name=name, help=about, help_epilogue="Examples:\n\n" + examples)


_add(
    "connect",
    "connect:connect",
    """Be present: register, ping, stay; reconnect by itself.

Ends with Ctrl-C (exit code 130) or SIGTERM (0), after telling the server that it leaves.""",
    """  lastseen connect --id web-01
  lastseen connect --group rack-3 --group web --meta version=1.4
  lastseen connect --availability busy --note "migrating until 4 pm"
  lastseen connect --wait --json       start before the server does
  lastseen connect --lan               to a server that is found by itself""",
)
_add(
    "list",
    "list_:list_clients",
    """List the clients: everyone present, unless --status says otherwise.""",
    """  lastseen list
  lastseen list --all                  offline ones too, and why
  lastseen list --status offline --sort last-seen
  lastseen list --group rack-3 --search web
  lastseen list --lan --via lan        a server found by itself, and its LAN
  lastseen list --json | jq -r '.[].client_id'""",
)
_add(
    "watch",
    "watch:watch",
    """Show the clients live; one line a change where the output is not a terminal.

Ends with Ctrl-C (exit code 130) or SIGTERM (0).""",
    """  lastseen watch
  lastseen watch | tee changes.log
  lastseen watch --json | jq 'select(.type == "leave") | .client.client_id'""",
)
_add(
    "history",
    "history:history",
    """Tell what happened to a client: when it came, how long it stayed, why it went.

The oldest first, times local. Only what the server still remembers is told.""",
    """  lastseen history web-01
  lastseen history web-01 --since 2d
  lastseen history web-01 --since 2026-11-22T14:00
  lastseen history web-01 --json | jq '.[] | select(.reason == "timeout").at'""",
)
_add(
    "uptime",
    "uptime:uptime",
    """Show the share of a day, a week and a month (30 days) that clients were online.

Only time that the server was awake to watch counts, from when it first saw
the client; "watched" is how much of the month that was, and — means that
nobody watched. An outage begins with the last sign of life; a client that was
late and came back was online.""",
    """  lastseen uptime
  lastseen uptime web-01
  lastseen uptime --json | jq '.[] | select(.windows[1].share < 0.99)'""",
)
_add(
    "forget",
    "forget:forget",
    """Forget a client that is offline, and its history.

It does not ask back. One that is present, or that nobody knows, is refused
(exit code 1).""",
    """  lastseen forget web-01
  lastseen forget -- --odd-name""",
)
_add(
    "silence",
    "silences:silence",
    """Have nobody told of some clients for a while.

The server goes on watching them, and history is kept. What is still offline
when the silence ends is told then.""",
    """  lastseen silence web-01 --for 2h --reason "new disks"
  lastseen silence 'web-*' --for 30min           many, by a glob (quoted)
  lastseen silence --group rack-3 --for 1d
  lastseen silence '*' --for 10min               everyone""",
)
_add(
    "silences",
    "silences:silences",
    """Show what is silenced now, and planned maintenance that goes on.""",
    """  lastseen silences
  lastseen silences --json | jq '.[] | select(.id).id'""",
)
_add(
    "unsilence",
    "silences:unsilence",
    """End a silence now. What is still offline is told.""",
    """  lastseen unsilence 7""",
)
_add(
    "deliveries",
    "deliveries:deliveries",
    """Show what was told to whom, the latest first.""",
    """  lastseen deliveries
  lastseen deliveries --failed                   what was given up, and why
  lastseen deliveries --channel ops --client web-01
  lastseen deliveries --limit 10000 --json | jq 'group_by(.channel)'""",
)
_add(
    "retry",
    "deliveries:retry",
    """Have a delivery that failed tried again, now.""",
    """  lastseen retry 4711
  lastseen deliveries --failed --json | jq '.[].id' | xargs -n 1 lastseen retry""",
)
_add(
    "channels",
    "channels:channels",
    """Show who is told, whether that works, and what waits.""",
    """  lastseen channels
  lastseen channels --json | jq -r '.[] | select(.state == "broken").name'""",
)
_add(
    "enable",
    "channels:enable",
    """Use a broken channel again, once what broke it is mended.

A channel breaks when its receiver refuses for good (a wrong token, say). What
was to be told by it waits, and is told then.""",
    """  lastseen enable ops""",
)
_add(
    "ping",
    "ping:ping",
    """Measure how long the server takes to answer.

Ends after --count pings (exit code 0, or 1 where none was answered), with
Ctrl-C (130) or with SIGTERM (0).""",
    """  lastseen ping
  lastseen ping -c 5 -i 0.2
  lastseen ping -c 1 --json""",
)
_add(
    "stats",
    "stats:stats",
    """Show how the server is: clients, connections, pings, stalls, its store.""",
    """  lastseen stats
  lastseen stats --json | jq .online""",
)
_add(
    "doctor",
    "doctor:doctor",
    """Check the server: does it answer, are idle connections cut, did a limit refuse anything?

Exit code 0 if all is well, 1 if there is a problem.""",
    """  lastseen doctor
  lastseen doctor --json | jq '.[] | select(.ok | not)'""",
)
_add(
    "open",
    "open_:open_page",
    """Print the address of the server's page, and open it in a browser where there is one.""",
    """  lastseen open
  lastseen open --print""",
)
_add(
    "completion",
    "completion:completion",
    """Print a completion script for your shell, or install it.""",
    """  lastseen completion --install                for the shell that you use
  source <(lastseen completion --shell bash)   only for now""",
)
app.command(
    f"{_HERE}.settings:settings_app",
    name="settings",
    help="Show the server's settings, or change them.",
)
app.command(
    f"{_HERE}.lan:lan_app",
    name="lan",
    help="Members of the IP Messenger family on the local network.",
)
