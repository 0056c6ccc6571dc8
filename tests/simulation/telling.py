"""Law 4: of each outage that lasts as long as a channel's `delay`, the channel is told once, and
once of its end; of shorter ones it is told nothing. `delay` counts from the end of a silence.
Judged at the end, when all that was held up is out.
"""

from collections.abc import Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING

from tests.simulation.delays import Delays
from tests.simulation.muting import LAST, LONG, PROMPT, Muted
from tests.simulation.receivers import Told
from tests.simulation.records import BEGAN, Outage, Records
from tests.simulation.silencing import GROUP, LONGEST, Silencing
from tests.simulation.witness import Decided, Subject

from lastseen.server.config.sections.channels import Channel

if TYPE_CHECKING:
    from tests.simulation.world import World

EDGE = 1.0
"""Seconds around `delay` in which an outage may count as one or the other."""

STEADY = 1500.0
"""Seconds for which a client has been as it is, for a channel that digests and mutes to say so."""

RETRY = 3600.0
"""Seconds until something is tried again, at most."""


class Telling:
    """Compares what receivers were told with what the store says happened."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._silencing = Silencing(world)

    def decided(self, decided: Decided, subject: Subject) -> None:
        """Judged at the end."""

    def tick(self) -> None:
        self._silencing.tick()

    def at_end(self) -> None:
        records = Records(self._world)
        for channel in self._world.config.notify.channels:
            Judge(self._world, channel, records, self._silencing).judge()


class Judge:
    """Of one channel."""

    def __init__(
        self, world: "World", channel: Channel, records: Records, silencing: Silencing
    ) -> None:
        self._world = world
        self._silencing = silencing
        self._nothing_silenced = Silencing(world)
        self._channel = channel
        self._records = records
        self._delays = Delays(world.runs)
        self._told = world.receivers[channel.name].told
        self._muted = Muted(world, channel.name, records)

    def judge(self) -> None:
        told: dict[str, list[Told]] = {}
        for item in self._told:
            if not self._muted.was_given_up_unnoted(item):
                told.setdefault(item.client_id, []).append(item)
            if complaint := self._muted.complaint(item):
                self._breach(f"{item.client_id} {complaint}: {item}")
        self._no_event_twice()
        for client_id, subject in self._world.society.subjects.items():
            is_silenced = any(GROUP in machine.groups for machine in subject.machines)
            silencing = self._silencing if is_silenced else self._nothing_silenced
            self._judge_client(client_id, told.get(client_id, []), silencing)

    def _judge_client(self, client_id: str, told: list[Told], silencing: Silencing) -> None:
        self._alternates(told)
        due_at = self._records.waiting(self._channel.name, client_id)
        if due_at is not None and due_at > self._world.now - LAST:  # to be tried again later
            if due_at > self._world.now + RETRY:
                self._breach(f"{client_id} is to be told at {due_at:.1f} only")
            return
        outages = self._records.outages[client_id]
        if not self._channel.flap_threshold:
            self._hold_to_outages(outages, told, client_id, silencing)
        self._ends_true(outages, told, client_id)

    # --- what was told

    def _no_event_twice(self) -> None:
        seen: dict[tuple[str, int], Told] = {}
        for item in self._told:
            if item.event_id is None or item.kind not in ("offline", "online"):
                continue
            before = seen.get((item.kind, item.event_id))
            if before is not None and not self._muted.may_repeat(before, item):
                self._breach(f"{item.client_id} {item.kind} told twice: {item.event_id}")
            seen[item.kind, item.event_id] = item

    def _hold_to_outages(
        self, outages: list[Outage], told: list[Told], client_id: str, silencing: Silencing
    ) -> None:
        went = {item.event_id: item for item in told if item.kind == "offline"}
        came = {item.event_id: item for item in told if item.kind == "online"}
        for outage, following in zip_longest(outages, outages[1:]):
            item, back = went.pop(outage.went, None), came.pop(outage.came, None)
            self._hold_to_outage(outage, item, client_id, silencing)
            self._hold_to_return(outage, item, back, following)
            if item is not None and back is not None:
                self._hold_to_silence(outage, back, silencing)
        for item in (*went.values(), *came.values()):
            self._breach(f"{client_id} told {item}, which is no outage")

    def _hold_to_outage(
        self, outage: Outage, item: Told | None, client_id: str, silencing: Silencing
    ) -> None:
        until = self._world.now - LAST if outage.back is None else outage.back
        delay = self._channel.delay
        since = silencing.counts_from(outage.at, delay)
        if item is not None:
            self._hold_to_delay(outage, item, silencing)
        elif (
            since < until
            and self._delays.longest_up(since, until, self._store_troubles()) > delay + EDGE
            and self._muted.must_know(since + delay, until)
        ):
            self._breach(f"{client_id} gone at {outage.at:.1f} ({outage}), not told")

    def _hold_to_return(
        self, outage: Outage, item: Told | None, back: Told | None, following: Outage | None
    ) -> None:
        if outage.back is None or outage.back > self._world.now - LAST:
            return
        until = self._world.now if following is None else following.at
        is_wrong = (
            back is None and self._muted.must_know(outage.back, until)
            if item is not None
            else back is not None and not self._muted.was_off_between(0.0, back.at)
        )
        if is_wrong:
            self._breach(f"went {item}, came {back}, {outage}")

    def _hold_to_silence(self, outage: Outage, back: Told, silencing: Silencing) -> None:
        """A return in a silence is decided to be told at once."""
        came = outage.back
        if came is None or self._muted.was_off_between(came - LONG, came + PROMPT):
            return
        late = self._delays.until(self._records.deliveries[back.key].created_at - BEGAN, came)
        if late > PROMPT and silencing.covers(came, came + PROMPT):
            self._breach(f"{back.client_id} came back in a silence, and was told {late:.1f} s late")

    def _hold_to_delay(self, outage: Outage, item: Told, silencing: Silencing) -> None:
        delay, until = self._channel.delay, min(item.at, outage.back or item.at)
        gone = self._delays.up(outage.at, until)
        if gone < delay - EDGE and not self._is_clock_lost(outage.at, until):
            self._breach(f"{item.client_id} told of, though gone for {gone:.1f} s only by then")
        early = silencing.too_early(outage.at, delay, item.at)
        if early is not None and not self._is_clock_lost(item.at - LONGEST - delay, item.at):
            self._breach(f"{item.client_id} told {early:.1f} s too early after a silence: {item}")
        on = self._muted.on_before(item.at)
        begins = silencing.counts_from(outage.at, delay)
        due = max(begins + delay, 0.0 if on is None else on.until + delay)
        if item.at - due > PROMPT and self._world.was_quiet(
            due - delay, item.at, self._channel.name
        ):
            self._breach(f"{item.client_id} told {item.at - due:.1f} s late, and nothing was wrong")

    def _store_troubles(self) -> Iterator[float]:
        return (at for at, who in self._world.troubles if not who)

    def _is_clock_lost(self, since: float, until: float) -> bool:
        """Whether a run took over from one whose clock was set, and which may have ended before it
        could write so.
        """
        return self._delays.restarted(since, until) and self._is_clock_set(since - LONG, until)

    def _is_clock_set(self, since: float, until: float) -> bool:
        return any(since <= at <= until for at in self._world.skewed_at)

    def _alternates(self, told: list[Told]) -> None:
        before: Told | None = None
        for item in told:
            if item.kind == "reminder":
                continue
            if item.kind == ("online" if before is None else before.kind):
                self._hold_to_turns(before, item)
            before = item

    def _hold_to_turns(self, before: Told | None, item: Told) -> None:
        """The same twice in a row: what was between was muted, or not known to be told."""
        if item.kind == "online" and self._muted.may_return(before, item):
            return
        is_muted = before is not None and self._muted.was_off_between(before.at, item.at)
        if item.kind == "flapping" or (item.kind == "offline" and is_muted):
            return
        self._breach(f"{item.client_id} {item.kind} twice in a row: {item}")

    def _ends_true(self, outages: list[Outage], told: list[Told], client_id: str) -> None:
        last = outages[-1] if outages else None
        if last is None or self._world.now - max(last.at, last.back or 0.0) < STEADY:
            return
        if self._channel.flap_threshold and self._is_waited_out(max(last.at, last.back or 0.0)):
            return
        said = [item.kind for item in told if item.kind != "reminder"][-1:]
        if last.back is None and said != ["offline"]:
            self._breach(f"{client_id} is gone, and was last told to be {said}")
        if last.back is not None and said not in ([], ["online"]):
            self._breach(f"{client_id} is back, and was last told to be {said}")

    def _is_waited_out(self, changed: float) -> bool:
        """Whether flapping is waited out anew, as the clock was set back by a restart since."""
        is_young = self._world.now - self._world.runs[-1].began_at < STEADY
        return is_young and self._delays.set_back_since(changed)

    def _breach(self, how: str) -> None:
        self._world.breach(4, f"{self._channel.name}: {how}")
