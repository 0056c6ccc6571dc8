"""Law 4: of each outage that lasts as long as a channel's `delay`, the channel is told once, and
once of its end; of shorter ones it is told nothing. Judged at the end, when all that was held up
is out.
"""

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import select
from tests.simulation.receivers import Receiver, Told
from tests.simulation.witness import Decided, Subject

from lastseen.server.config.sections.channels import Channel
from lastseen.server.store.tables import DELIVERIES, EVENTS

if TYPE_CHECKING:
    from tests.simulation.world import World

EDGE = 1.0
"""Seconds around `delay` in which an outage may count as one or the other."""

PROMPT = 5.0
"""Seconds after an outage is due in which it is told, while nothing is wrong."""

STEADY = 1500.0
"""Seconds for which a client has been as it is, for a channel that digests and mutes to say so."""

SILENCED = "zone-1"


class Outage(Struct, frozen=True):
    """As the store tells it: ids of events, moments of the world; None: it goes on."""

    went: int
    at: float
    came: int | None
    back: float | None


class Telling:
    """Compares what receivers were told with what the store says happened."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def decided(self, decided: Decided, subject: Subject) -> None:
        """Judged at the end."""

    def tick(self) -> None:
        """Judged at the end."""

    def at_end(self) -> None:
        outages = self._outages()
        waiting = self._waiting()
        for channel in self._world.config.notify.channels:
            receiver = self._world.receivers[channel.name]
            told = defaultdict(list)
            for item in receiver.told:
                if item.client_id:
                    told[item.client_id].append(item)
            self._no_event_twice(channel, receiver)
            for client_id, subject in self._world.society.subjects.items():
                if (channel.name, client_id) in waiting:
                    continue  # a retry is hours away, or the clock was set
                is_silenced = any(SILENCED in m.groups for m in subject.machines)
                if not channel.flap_threshold and not is_silenced:
                    self._hold_to_outages(channel, outages[client_id], told[client_id], client_id)
                self._alternates(channel, told[client_id], is_silenced=is_silenced)
                self._ends_true(channel, outages[client_id], told[client_id], client_id)

    # --- what the store says

    def _outages(self) -> dict[str, list[Outage]]:
        moments = {(d.epoch, d.number): d.at for d in self._world.decided}
        found: dict[str, list[Outage]] = defaultdict(list)
        with self._world.disk.store.database.reading() as connection:
            rows = connection.execute(select(EVENTS).order_by(EVENTS.c.id)).all()
        for row in rows:
            at = moments[row.epoch, row.number]
            if row.after == "offline" != row.before:
                found[row.client_id].append(Outage(row.id, at, None, None))
            elif row.before == "offline" != row.after and found[row.client_id]:
                last = found[row.client_id][-1]
                found[row.client_id][-1] = Outage(last.went, last.at, row.id, at)
        return found

    def _waiting(self) -> set[tuple[str, str]]:
        """Lines in which a delivery is pending that is not due yet."""
        server = self._world.server
        now = server.schedule.now() if server is not None else 0.0
        query = select(DELIVERIES).where(DELIVERIES.c.state == "pending")
        with self._world.disk.store.database.reading() as connection:
            rows = connection.execute(query).all()
        return {(row.channel, row.client_id) for row in rows if row.due_at > now - 60}

    # --- what was told

    def _no_event_twice(self, channel: Channel, receiver: Receiver) -> None:
        seen: dict[tuple[str, int], str] = {}
        for item in receiver.told:
            if item.event_id is None or item.kind not in ("offline", "online"):
                continue
            key = seen.setdefault((item.kind, item.event_id), item.key)
            if key != item.key:
                self._breach(channel, f"{item.client_id} {item.kind} told twice: {item.event_id}")

    def _hold_to_outages(
        self, channel: Channel, outages: list[Outage], told: list[Told], client_id: str
    ) -> None:
        went = {item.event_id: item for item in told if item.kind == "offline"}
        came = {item.event_id: item for item in told if item.kind == "online"}
        for outage in outages:
            until = self._world.now if outage.back is None else outage.back
            lasted, item = until - outage.at, went.pop(outage.went, None)
            if item is None and lasted > channel.delay + EDGE + (0 if outage.back else 60):
                self._breach(channel, f"{client_id} gone at {outage.at:.1f} ({outage}), not told")
            if item is not None:
                self._hold_to_delay(channel, outage, item, lasted)
            back = None if outage.came is None else came.pop(outage.came, None)
            is_over = outage.back is not None and outage.back < self._world.now - 60
            if is_over and (item is None) != (back is None):
                self._breach(channel, f"{client_id}: went {item}, came {back}, {outage}")
        for item in (*went.values(), *came.values()):
            self._breach(channel, f"{client_id} told {item}, which is no outage")

    def _hold_to_delay(self, channel: Channel, outage: Outage, item: Told, lasted: float) -> None:
        if self._world.skewed_at:
            return  # across a restart the wall clock is believed
        if lasted < channel.delay - EDGE:
            self._breach(channel, f"{item.client_id} told of, though gone for {lasted:.1f} s only")
        if item.at < outage.at + channel.delay - EDGE:
            self._breach(
                channel, f"{item.client_id} told {item.at - outage.at:.1f} s after it went"
            )
        late = item.at - outage.at - channel.delay
        receiver = self._world.receivers[channel.name]
        if late > PROMPT and self._world.was_quiet(outage.at, item.at, receiver):
            self._breach(channel, f"{item.client_id} told {late:.1f} s late, and nothing was wrong")

    def _alternates(self, channel: Channel, told: list[Told], *, is_silenced: bool) -> None:
        last = "online"
        for item in told:
            if item.kind == "reminder":
                continue
            again = item.kind == last and item.kind != "flapping"
            if again and not (is_silenced and item.kind == "offline"):
                self._breach(channel, f"{item.client_id} {item.kind} twice in a row: {item}")
            last = item.kind

    def _ends_true(
        self, channel: Channel, outages: list[Outage], told: list[Told], client_id: str
    ) -> None:
        last = outages[-1] if outages else None
        if self._world.skewed_at and self._world.now - self._world.runs[-1].began_at < STEADY:
            return  # set back across this restart, flapping is waited out anew
        if last is None or self._world.now - max(last.at, last.back or 0.0) < STEADY:
            return
        said = [item.kind for item in told if item.kind != "reminder"][-1:]
        if last.back is None and said != ["offline"]:
            self._breach(channel, f"{client_id} is gone, and was last told to be {said}")
        if last.back is not None and said not in ([], ["online"]):
            self._breach(channel, f"{client_id} is back, and was last told to be {said}")

    def _breach(self, channel: Channel, how: str) -> None:
        self._world.breach(4, f"{channel.name}: {how}")
