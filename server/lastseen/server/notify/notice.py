"""What there is to tell, in no channel's words yet. Pure.

A delivery keeps its notice as JSON (`to_json`), so that what is sent after a restart is what was
decided before it.
"""

from typing import Any

import msgspec
from msgspec import Struct

from lastseen.server.store.telling import Kind
from lastseen.shared.messages import ClientRecord


class ClientNotice(Struct, frozen=True, omit_defaults=True):
    """Something about one client.

    Attributes:
        client: As it was when this was decided.
        at: When it happened (Unix time).
        offline_since: When the outage began: when the client was given up on, or left; None where
            there is none.
        gone: Seconds from the last sign of life before the outage until `at`.
        changes: Of one that is flapping: how often it came or went within the window.
        window: Of one that is flapping: the seconds in which it did.
        thread: What the messages of one outage have in common: the key of the delivery that first
            told the channel of it. "" where there is none.
    """

    client: ClientRecord
    at: float
    offline_since: float | None = None
    gone: float | None = None
    changes: int = 0
    window: float = 0.0
    thread: str = ""


class MassLoss(Struct, frozen=True):
    """Most clients fell silent at once and are held back: it may be the server's own link.

    Attributes:
        at: When it was noticed (Unix time).
        silent: How many are silent.
        present: Of how many.
        hold: Seconds for which they are held back.
    """

    at: float
    silent: int
    present: int
    hold: float


Notice = ClientNotice | MassLoss


class Item(Struct, frozen=True):
    """One thing that a message tells.

    Attributes:
        key: The delivery's.
        event_id: The id of its event in history; None where it tells none.
    """

    key: str
    kind: Kind
    notice: Notice
    event_id: int | None = None


class Message(Struct, frozen=True):
    """What is sent to a channel at once: one item, or a digest of several.

    Attributes:
        id: Stable: a repeat bears the same.
        items: In the order in which they happened; at least one.
        digest: Whether it is a digest by the channel's settings, even of one item.
    """

    id: str
    items: tuple[Item, ...]
    digest: bool = False

    @property
    def threads(self) -> tuple[str, ...]:
        """The threads of all outages that it tells of, each once, in order."""
        found = (i.notice.thread for i in self.items if isinstance(i.notice, ClientNotice))
        return tuple(dict.fromkeys(thread for thread in found if thread))


def to_json(notice: Notice) -> Any:  # noqa: ANN401 - any JSON
    """As the store keeps it."""
    return msgspec.to_builtins(notice)


def from_json(kind: Kind, kept: object) -> Notice:
    """What `to_json` made."""
    if kind == "mass_loss":
        return msgspec.convert(kept, MassLoss)
    return msgspec.convert(kept, ClientNotice)
