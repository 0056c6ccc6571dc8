"""Being present from a Python program: `connect` and `observe` for trio, `blocking` for others.

A name is imported when it is first used, so that the `lastseen` command, which lives in this
package, is ready for Ctrl-C before trio and all else is loaded.
"""

TYPE_CHECKING = False  # what type checkers take for true; importing typing would cost 20 ms

if TYPE_CHECKING:
    from lastseen.client.errors import ConnectFailed, Ended, LastseenError, LinkLost, Refused
    from lastseen.client.events import (
        Connected,
        Disconnected,
        Event,
        IntervalChanged,
        IntervalLowered,
        Unreachable,
    )
    from lastseen.client.observer import Observer
    from lastseen.client.presence import Presence, connect, observe
    from lastseen.client.view import Change, View

__all__ = [
    "Change",
    "ConnectFailed",
    "Connected",
    "Disconnected",
    "Ended",
    "Event",
    "IntervalChanged",
    "IntervalLowered",
    "LastseenError",
    "LinkLost",
    "Observer",
    "Presence",
    "Refused",
    "Unreachable",
    "View",
    "connect",
    "observe",
]

_WHERE = {
    "errors": ("ConnectFailed", "Ended", "LastseenError", "LinkLost", "Refused"),
    "events": (
        "Connected",
        "Disconnected",
        "Event",
        "IntervalChanged",
        "IntervalLowered",
        "Unreachable",
    ),
    "observer": ("Observer",),
    "presence": ("Presence", "connect", "observe"),
    "view": ("Change", "View"),
}

if not TYPE_CHECKING:  # or type checkers would take any name for one that exists

    def __getattr__(name: str) -> object:
        """Import a name that is used for the first time (PEP 562)."""
        from importlib import import_module

        for module, names in _WHERE.items():
            if name in names:
                found = getattr(import_module(f"{__name__}.{module}"), name)
                globals()[name] = found  # the next use finds it by itself
                return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
