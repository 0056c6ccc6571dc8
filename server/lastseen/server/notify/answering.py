"""Answers questions about notifications, and does what admins ask for: silence, retry, enable."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from msgspec.structs import replace

from lastseen.server.asking import Asking
from lastseen.server.config.sections.notify import Maintenance
from lastseen.server.keeping.threads import InThread, in_thread
from lastseen.server.notify.quiet import closes_at
from lastseen.server.notify.records import brief, delivery_record, silence_record, window_record
from lastseen.server.store.deliveries import DeliveryStore
from lastseen.server.store.telling import Delivery, Silence
from lastseen.shared import messages
from lastseen.shared.fitting import that_fit
from lastseen.shared.messages import (
    Answer,
    ChannelEnabled,
    ChannelRecord,
    Channels,
    Deliveries,
    EnableChannel,
    Error,
    GetChannels,
    GetDeliveries,
    GetSilences,
    NotifyQuestion,
    Retried,
    Retry,
    Silenced,
    SilenceRecord,
    Silences,
    Unsilence,
    Unsilenced,
)

MOST_SILENCES = 1_000
"""Silences in force at once: every transition is held against each."""

FIRST_WINDOW = 2**62
"""Silences are listed by their ids, then planned maintenance as if its ids began here."""


class Notifier(Protocol):
    """Who tells, and must know at once what was changed in the store."""

    def channels(self) -> Sequence[ChannelRecord]:
        """Every channel of the settings, by what this run knows: nothing of what is pending or
        failed.
        """

    def windows(self) -> Sequence[Maintenance]:
        """The planned maintenance of the settings."""

    def now(self) -> float:
        """This moment by the clock that deliveries are scheduled with, and silences, too."""

    def as_wall(self, moment: float) -> float:
        """What the wall clock shows at a moment of that clock."""

    def silenced(self, silence: Silence) -> None:
        """Nothing is told of these clients from now on."""

    def unsilenced(self, which: int) -> None:
        """A silence is over."""

    def retried(self, channel: str) -> None:
        """A delivery by this channel is due again."""

    def enable(self, channel: str) -> None:
        """This channel is to be tried again now, broken or not."""


class Answering:
    """Answers questions about notifications."""

    def __init__(
        self,
        store: DeliveryStore,
        notifier: Notifier,
        wall: Callable[[], float],
        call: InThread = in_thread,
    ) -> None:
        """`wall` is the time (Unix); `call` has the store called where it may block."""
        self._store = store
        self._notifier = notifier
        self._wall = wall
        self._call = call
        self._asking = Asking(self._answer)

    async def run(self) -> None:
        """Answer for ever."""
        await self._asking.run()

    def ask(
        self, question: NotifyQuestion, reply: Callable[[Answer], None], wanted: Callable[[], bool]
    ) -> None:
        """Have `reply` called with the answer, later, as `Asking.ask`."""
        self._asking.ask(question, reply, wanted)

    async def _answer(self, question: NotifyQuestion) -> Answer:
        return replace(await self._answer_to(question), request_id=question.request_id)

    async def _answer_to(self, question: NotifyQuestion) -> Answer:
        match question:
            case messages.Silence():
                return await self._silence(question)
            case GetSilences():
                return await self._silences(question)
            case Unsilence():
                return await self._unsilence(question)
            case GetDeliveries():
                return await self._deliveries(question)
            case Retry():
                return await self._retry(question)
            case GetChannels():
                return await self._channels(question)
            case EnableChannel():
                return await self._enable(question)

    # --- silences -----------------------------------------------------------------------------

    async def _silence(self, request: messages.Silence) -> Answer:
        if request.client is None and request.group is None:
            return Error("bad_silence", "silence: expected a `client` or a `group`, got neither")
        now = self._notifier.now()
        if len(await self._in_force(now)) >= MOST_SILENCES:
            sentence = f"{MOST_SILENCES} silences are in force already: end one of them first"
            return Error("too_many_silences", sentence)
        silence = Silence(request.client, request.group, now, now + request.seconds, request.reason)
        silence = await self._call(self._store.add_silence, silence)
        self._notifier.silenced(silence)
        return Silenced(silence_record(silence, self._notifier.as_wall))

    async def _silences(self, request: GetSilences) -> Answer:
        after, as_wall = -1 if request.after is None else request.after, self._notifier.as_wall
        silences = await self._in_force(self._notifier.now())
        listed = {s.id: silence_record(s, as_wall) for s in silences}
        listed |= self._windows(self._wall())
        places = sorted(place for place in listed if place > after)
        told = that_fit(listed[place] for place in places)
        return Silences(told, places[len(told) - 1] if len(told) < len(places) else None)

    async def _unsilence(self, request: Unsilence) -> Answer:
        if not await self._call(self._store.remove_silence, request.id):
            return Error("unknown_silence", f"there is no silence {request.id}")
        self._notifier.unsilenced(request.id)
        return Unsilenced(request.id)

    async def _in_force(self, now: float) -> list[Silence]:
        silences: Sequence[Silence] = await self._call(self._store.silences)
        return [silence for silence in silences if now < silence.until]

    def _windows(self, now: float) -> dict[int, SilenceRecord]:
        ends = [(window, closes_at(window, now)) for window in self._notifier.windows()]
        return {
            FIRST_WINDOW + number: window_record(window, end)
            for number, (window, end) in enumerate(ends)
            if end is not None
        }

    # --- deliveries ---------------------------------------------------------------------------

    async def _deliveries(self, request: GetDeliveries) -> Answer:
        found: Sequence[Delivery] = await self._call(
            lambda: self._store.list(
                channel=request.channel,
                client_id=request.client_id,
                state=request.state,
                before_id=request.before,
                limit=request.limit,
            )
        )
        channels = {channel.name: channel for channel in self._notifier.channels()}
        as_wall = self._notifier.as_wall
        told = that_fit(delivery_record(delivery, channels, as_wall) for delivery in found)
        is_last = len(told) == len(found) < request.limit
        return Deliveries(told, None if is_last else found[len(told) - 1].id)

    async def _retry(self, request: Retry) -> Answer:
        delivery: Delivery | None = await self._call(self._store.find, request.id)
        if delivery is None:
            return Error("unknown_delivery", f"there is no delivery {request.id}")
        if refusal := self._unusable(delivery.channel):
            return refusal
        if not await self._call(self._store.retry, request.id, self._notifier.now()):
            sentence = f"delivery {request.id} was sent or withdrawn: it is not tried again"
            return Error("already_settled", sentence)
        self._notifier.retried(delivery.channel)
        delivery = await self._call(self._store.find, request.id) or delivery
        channels = {channel.name: channel for channel in self._notifier.channels()}
        return Retried(delivery_record(delivery, channels, self._notifier.as_wall))

    # --- channels -----------------------------------------------------------------------------

    async def _channels(self, request: GetChannels) -> Answer:
        counts: Mapping[tuple[str, str], int] = await self._call(self._store.counts)
        named = {channel.name: channel for channel in self._notifier.channels()}
        names = sorted(name for name in named if name > (request.after or ""))
        told = that_fit(_counted(named[name], counts) for name in names)
        return Channels(told, told[-1].name if len(told) < len(names) else None)

    async def _enable(self, request: EnableChannel) -> Answer:
        if refusal := self._unusable(request.name):
            return refusal
        await self._call(self._store.mend, request.name)
        await self._call(self._store.hasten, request.name, self._notifier.now())
        self._notifier.enable(request.name)
        return ChannelEnabled(request.name)

    def _unusable(self, name: str) -> Error | None:
        """Why nothing can be sent by a channel; None: it can."""
        channel = next((c for c in self._notifier.channels() if c.name == name), None)
        if channel is None:
            return Error("unknown_channel", f"the settings have no channel {name!r}")
        if not channel.enabled:
            sentence = f"the settings have channel {name!r} off (enabled = false)"
            if channel.why:  # they have it on again
                sentence = f"channel {name!r} is {channel.why}"
            return Error("channel_disabled", sentence)
        return None


def _counted(channel: ChannelRecord, counts: Mapping[tuple[str, str], int]) -> ChannelRecord:
    """With what the store knows of it."""
    pending, failed = (counts.get((channel.name, state), 0) for state in ("pending", "failed"))
    return replace(channel, why=brief(channel.why), pending=pending, failed=failed)
