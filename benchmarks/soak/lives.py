"""What clients do all day: come, ping, and go, well or badly; and come again.

Every life is a trio task. What should not happen is counted, with the first words about it.
"""

import random
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import msgspec
import trio
from benchmarks.soak.links import Beats, Link, LinkEndedError

from lastseen.shared.messages import (
    Diff,
    Goodbye,
    Leave,
    Message,
    Ping,
    Pong,
    Register,
    Registered,
    Watch,
)

HEARTBEAT = 10.0
"""Seconds between two signs of life: the shortest that the default limits allow."""

STAY, ABSENCE = 180.0, 10.0
"""Seconds that a client stays and is away, on average."""

ANSWERED_WITHIN = 60.0
"""Seconds after which an answer is missing: even a machine that stood still for a while has given
it then. How late answers are is shown, not judged.
"""

NOTICED_WITHIN = 120.0
"""Seconds after which who fell silent must have been told so: connection_timeout, reap_interval,
and room for a mass loss that was none.
"""

ENDINGS = {"leave": 0.5, "close": 0.2, "reset": 0.15, "silence": 0.15}
"""How stays end, by their share."""

OpenLink = Callable[[], AbstractAsyncContextManager[Link]]

EXAMPLES = 20
"""Sentences that are kept of what went wrong."""


class Tally(msgspec.Struct):
    """What the clients did and met since the last look.

    Attributes:
        delays: From each ping to its pong, in seconds.
        counts: Stays by how they ended, diffs that watchers were sent, and what went `wrong`.
        wrong: Sentences.
    """

    delays: list[float] = msgspec.field(default_factory=list)
    counts: Counter[str] = msgspec.field(default_factory=Counter)
    wrong: list[str] = msgspec.field(default_factory=list)

    def blame(self, sentence: str) -> None:
        """Something happened that should not."""
        self.counts["wrong"] += 1
        if len(self.wrong) < EXAMPLES:
            self.wrong.append(sentence)


async def live(client_id: str, open_link: OpenLink, tally: Tally) -> None:
    """One client with a link of its own, for ever."""
    while True:
        await trio.sleep(random.expovariate(1 / ABSENCE))
        try:
            async with open_link() as link:
                await _stay(client_id, link, tally)
        except LinkEndedError as ended:
            tally.blame(f"{client_id}: the link ended: {ended}")
        except trio.TooSlowError:
            tally.blame(f"{client_id}: no answer within {ANSWERED_WITHIN:g} s")


async def _stay(client_id: str, link: Link, tally: Tally) -> None:
    await link.say(Register(client_id, instance=random.randbytes(8).hex(), page=True))
    await _hear(link, Registered)
    ends = trio.current_time() + random.expovariate(1 / STAY)
    await trio.sleep(random.uniform(0, HEARTBEAT))
    while trio.current_time() < ends:
        asked = trio.current_time()
        await link.say(Ping())
        await _hear(link, Pong)
        tally.delays.append(trio.current_time() - asked)
        await trio.sleep(HEARTBEAT)
    ending = random.choices(list(ENDINGS), list(ENDINGS.values()))[0]
    tally.counts[ending] += 1
    await _end(client_id, link, ending, tally)


async def _hear(link: Link, kind: type[Message], within: float = ANSWERED_WITHIN) -> None:
    with trio.fail_after(within):
        while not isinstance(said := await link.hear(), kind):
            if isinstance(said, Goodbye):
                raise LinkEndedError(f"goodbye: {said.reason}")


async def _end(client_id: str, link: Link, ending: str, tally: Tally) -> None:
    match ending:
        case "leave":
            await link.say(Leave())
            await _hear(link, Goodbye)
        case "reset":
            await link.reset()
        case "silence":
            try:
                await _hear(link, Goodbye, NOTICED_WITHIN)
            except trio.TooSlowError:
                tally.blame(f"{client_id}: silent for {NOTICED_WITHIN:g} s, and nobody noticed")


async def beat(client_id: str, beats: Beats, tally: Tally) -> None:
    """One client that calls by HTTP, for ever."""
    while True:
        await trio.sleep(random.expovariate(1 / ABSENCE))
        ends = trio.current_time() + random.expovariate(1 / STAY)
        try:
            await beats.beat(client_id)
            while trio.current_time() < ends:
                await trio.sleep(HEARTBEAT)
                await beats.beat(client_id)
            if random.random() < ENDINGS["leave"]:
                tally.counts["leave"] += 1
                await beats.leave(client_id)
            else:
                tally.counts["silence"] += 1
        except LinkEndedError as ended:
            tally.blame(f"{client_id}: {ended}")


async def watch(open_link: OpenLink, tally: Tally) -> None:
    """One that is sent every diff, and sees that none is missing; for ever."""
    while True:
        try:
            async with open_link() as link:
                await link.say(Watch())
                await _follow(link, tally)
        except LinkEndedError as ended:
            tally.blame(f"a watcher: the link ended: {ended}")
        await trio.sleep(1)


async def _follow(link: Link, tally: Tally) -> None:
    at: int | None = None
    while True:
        said = await link.hear()
        if isinstance(said, Goodbye):
            raise LinkEndedError(f"goodbye: {said.reason}")
        if isinstance(said, Diff):
            tally.counts["diffs"] += 1
            if at is not None and said.revision <= at:
                tally.blame(f"a watcher: revision {said.revision} came after {at}")
            at = said.revision
