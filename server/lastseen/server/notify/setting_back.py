"""What a channel was really told of a client, once what waits for it is given up: it is off. Pure.

Where a channel stands is decided before anything is sent. If that is never sent, it has to be set
back, so that what is so when the channel is on again is told if the channel does not know it: no
outage without its return, and nothing that is over.
"""

from typing import Any

from msgspec.structs import replace

from lastseen.server.notify.standing import Step
from lastseen.server.store.telling import Delivery, Said, Standing, Waiting


def set_back(standing: Standing | None, waiting: Waiting) -> Step:
    """Where the channel stands with the client, as one that is muted.

    What was tried may have arrived, though nobody said so: of an outage that may have been told the
    return is told, and a return that may not have been is told again.
    """
    if standing is None:
        standing = _returned(waiting.pending[-1])
    if standing is None:
        return Step(None)
    said, knows_outage = _told(waiting, standing)
    if _went_by_another_way(standing):  # of which it did not ask to hear
        said, knows_outage = ("online" if said == "online" else "offline"), True
        if said == "online":
            return Step(None)
    if said == "online" and not standing.offline:
        return Step(None)
    return Step(
        replace(
            standing,
            said=said,
            since=standing.changed_at if knows_outage else None,
            muted="silence",
            held="",
            held_until=0.0,
            remind_at=standing.remind_at if knows_outage else None,
        )
    )


def _told(waiting: Waiting, standing: Standing) -> tuple[Said, bool]:
    """What the channel was last told, and whether it knows of the outage that goes on."""
    told = waiting.told
    if told is None:
        return _before(waiting.pending[0]), _is_reminder_of(waiting.pending[0], standing)
    was_sent = told.state == "sent"
    if told.kind == "flapping":
        return "flapping", False
    if told.kind == "online":
        return ("online" if was_sent else "offline"), False
    return "offline", (was_sent or told.kind == "reminder") and _is_of(told, standing)


def _before(first: Delivery) -> Said:
    """What the channel was told before something that was decided."""
    before: dict[str, Said] = {"offline": "online", "flapping": "flapping"}
    return before.get(first.kind, "offline")


def _is_reminder_of(delivery: Delivery, standing: Standing) -> bool:
    return delivery.kind == "reminder" and _is_of(delivery, standing)


def _is_of(delivery: Delivery, standing: Standing) -> bool:
    same_event = (delivery.epoch, delivery.number) == (standing.epoch, standing.number)
    return standing.offline and same_event


def _returned(last: Delivery) -> Standing | None:
    """Nothing was left to know of who is back, as soon as that was decided to be told."""
    if last.kind != "online":
        return None
    return Standing(
        channel=last.channel,
        client_id=last.client_id,
        said="offline",
        offline=False,
        changed_at=last.created_at,
        notice=last.notice,
        epoch=last.epoch,
        number=last.number,
    )


def _went_by_another_way(standing: Standing) -> bool:
    """Whether the last thing to say is a return, while it is offline."""
    kept: Any = standing.notice
    return standing.offline and bool(kept) and kept["client"]["status"] != "offline"
