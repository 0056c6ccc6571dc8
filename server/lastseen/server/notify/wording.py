"""A message in words, for people: a title, and lines that say more. Pure.

Whatever a client is called, each of its texts is shown on one line, and no longer than fits.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from lastseen.server.notify.notice import ClientNotice, Item, MassLoss, Message
from lastseen.server.notify.spans import moment
from lastseen.server.printable import printable
from lastseen.server.store.telling import Kind
from lastseen.shared.durations import ago, precisely
from lastseen.shared.messages import ClientRecord, Reason

LONGEST_NAME = 64
"""Characters of a name in a title or a list."""
LONGEST_TEXT = 256
"""Characters of any other text of a client: as much as it may have told."""
NAMED = 5
"""Clients that the heading of many names; the lines below name more."""
LISTED = 30
"""Clients that one message has a line for, of each kind: more would not be read."""

Mood = Literal["bad", "good", "unsteady"]

REASONS: dict[Reason, str] = {
    "left": "it said goodbye",
    "closed": "its link broke",
    "timeout": "it fell silent",
    "silent": "it fell silent",
    "replaced": "another took its place",
    "kicked": "it was sent away",
    "registered": "it registered",
    "returned": "it is back",
}


class Words(Struct, frozen=True):
    """What to tell.

    Attributes:
        title: In one line.
        lines: What there is to say besides; an empty one parts paragraphs.
    """

    mood: Mood
    title: str
    lines: tuple[str, ...] = ()


class Clock(Struct, frozen=True):
    """The reader's clock.

    Attributes:
        now: When the message is read, more or less (Unix time).
        zone: The time zone that times are written in.
    """

    now: float
    zone: tzinfo

    def moment(self, unix: float) -> str:
        """An exact time, as the reader's clock shows it."""
        return moment(unix, self.zone)


def word(message: Message, now: float, timezone: str = "") -> Words:
    """A message in words.

    Args:
        message: What there is to tell.
        now: When it is read, more or less (Unix time): `3 minutes ago` counts from it.
        timezone: The IANA name of the zone that times are written in; "" is UTC.
    """
    clock = Clock(now, ZoneInfo(timezone) if timezone else UTC)
    items = _latest(message.items)
    if len(items) == 1:
        return _single(items[0], clock)
    sections = [(kind, [i for i in items if i.kind == kind]) for kind in _ORDER]
    told = [_section(kind, several, clock) for kind, several in sections if several]
    if len(told) == 1:
        return told[0]
    lines: list[str] = []
    for words in told:
        lines += ["", words.title, *words.lines]
    return Words(told[0].mood, _summary(sections), tuple(lines[1:]))


# --- one thing ----------------------------------------------------------------------------------


def _single(item: Item, clock: Clock) -> Words:
    if isinstance(item.notice, MassLoss):
        return _mass_loss(item.notice, clock)
    title = f"{name_of(item.notice.client)} {_VERBS[item.kind]}"
    lines = (*_what(item.kind, item.notice, clock), *_who(item.notice.client))
    return Words(_MOODS[item.kind], title, lines)


def _what(kind: Kind, notice: ClientNotice, clock: Clock) -> Iterable[str]:
    seen = notice.client.last_seen.timestamp()
    if kind == "online":
        if notice.gone is not None:
            since = clock.moment(notice.at - notice.gone)
            yield f"It was gone for {precisely(notice.gone)}, since {since}."
        yield f"Back at {clock.moment(notice.at)}."
        return
    if kind == "reminder":
        began = notice.offline_since or notice.at
        gone = precisely(clock.now - began)
        yield f"It has been offline for {gone}, since {clock.moment(began)}."
    if kind == "flapping":
        yield f"It went or came {notice.changes} times within {precisely(notice.window)}."
        yield "You will hear of it again when it is steady."
    yield f"Last seen {ago(clock.now - seen)} ({clock.moment(seen)})."
    if kind != "flapping":
        yield f"Reason: {REASONS[notice.client.reason]}."


def _who(client: ClientRecord) -> Iterable[str]:
    if client.name and client.name != client.client_id:
        yield f"Client: {shortened(client.client_id, LONGEST_TEXT)}"
    if client.hostname:
        yield f"Host: {shortened(client.hostname, LONGEST_TEXT)}"
    if client.groups:
        yield f"Groups: {shortened(', '.join(client.groups), LONGEST_TEXT)}"
    if (description := client.meta.get("description")) and isinstance(description, str):
        yield f"Description: {shortened(description, LONGEST_TEXT)}"


def _mass_loss(loss: MassLoss, clock: Clock) -> Words:
    return Words(
        "unsteady",
        f"{loss.silent} of {loss.present} clients fell silent at once",
        (
            f"At {clock.moment(loss.at)}. It may be the server's own connection that is down.",
            f"They count as late for {precisely(loss.hold)}. Those still silent then are reported.",
        ),
    )


# --- several at once ----------------------------------------------------------------------------


def _section(kind: Kind, items: Sequence[Item], clock: Clock) -> Words:
    """What became of several clients alike. Of several mass losses, the last one counts."""
    notices = [item.notice for item in items if isinstance(item.notice, ClientNotice)]
    if not notices:
        return _single(items[-1], clock)
    count = "1 client" if len(notices) == 1 else f"{len(notices)} clients"
    title = f"{count} {_STATES[kind]}: {_names(notices)}{_shared_groups(notices)}"
    lines = [f"• {name_of(n.client)}: {_brief(kind, n, clock)}" for n in notices[:LISTED]]
    if more := len(notices) - len(lines):
        lines.append(f"… and {more} more")
    return Words(_MOODS[kind], title, tuple(lines))


def _names(notices: Sequence[ClientNotice]) -> str:
    names = ", ".join(name_of(notice.client) for notice in notices[:NAMED])
    return names if len(notices) <= NAMED else f"{names} …"


def _shared_groups(notices: Sequence[ClientNotice]) -> str:
    """The groups that all are in, if there are any: often what they have in common is why."""
    if len(notices) == 1:
        return ""
    shared = sorted(set.intersection(*(set(notice.client.groups) for notice in notices)))
    if not shared:
        return ""
    names = shortened(" and ".join(shared), LONGEST_NAME)
    return f" (all in group{'s' if len(shared) > 1 else ''} {names})"


def _brief(kind: Kind, notice: ClientNotice, clock: Clock) -> str:
    if kind == "online":
        return "back" if notice.gone is None else f"gone for {precisely(notice.gone)}"
    if kind == "flapping":
        return f"{notice.changes} times within {precisely(notice.window)}"
    if kind == "reminder":
        return f"for {precisely(clock.now - (notice.offline_since or notice.at))}"
    host = shortened(notice.client.hostname, LONGEST_NAME)
    seen = clock.moment(notice.client.last_seen.timestamp())
    return f"{host + ', ' if host else ''}last seen {seen}, {REASONS[notice.client.reason]}"


def _summary(sections: Iterable[tuple[Kind, Sequence[Item]]]) -> str:
    """`14 offline, 3 back online`."""
    parts = [
        "many fell silent at once" if kind == "mass_loss" else f"{len(items)} {_STATES[kind]}"
        for kind, items in sections
        if items
    ]
    return ", ".join(parts)


def _latest(items: Iterable[Item]) -> list[Item]:
    """Of each client, and of the server, only the last that there is to tell."""
    found: dict[str, Item] = {}
    for item in items:
        about = item.notice.client.client_id if isinstance(item.notice, ClientNotice) else ""
        found[about] = item
    return list(found.values())


# --- texts of clients ---------------------------------------------------------------------------


def name_of(client: ClientRecord) -> str:
    """What people call a client."""
    return shortened(client.name.strip() or client.client_id, LONGEST_NAME)


def shortened(text: str, longest: int) -> str:
    """A text of a client on one line, in at most so many characters."""
    text = printable(text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


_ORDER: tuple[Kind, ...] = ("mass_loss", "offline", "reminder", "flapping", "online")
_VERBS: dict[Kind, str] = {
    "offline": "is offline",
    "online": "is back online",
    "flapping": "is flapping",
    "reminder": "is still offline",
}
_STATES: dict[Kind, str] = {
    "offline": "offline",
    "online": "back online",
    "flapping": "flapping",
    "reminder": "still offline",
}
_MOODS: dict[Kind, Mood] = {
    "offline": "bad",
    "reminder": "bad",
    "online": "good",
    "flapping": "unsteady",
    "mass_loss": "unsteady",
}
