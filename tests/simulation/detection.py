"""Laws 1 to 3: nobody who is heard is called gone, nobody who is gone stays, and what happened to
the server is held against nobody.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.simulation.machines import Beater
from tests.simulation.witness import NEVER, TICK, Decided, Rule, Run, Subject

from lastseen.server.presence.clock import SAMPLE_INTERVAL, STALL_TOLERANCE
from lastseen.server.presence.model import FRESH
from lastseen.server.presence.presence import Presence
from lastseen.server.presence.reaper import SETTLED as READ_FIRST

if TYPE_CHECKING:
    from tests.simulation.world import World

UNNOTICED = SAMPLE_INTERVAL + STALL_TOLERANCE
"""Seconds of a stall that may count as awake."""

SETTLED = 90.0
"""Seconds after which a client whose own troubles are over is back: pauses of up to 20 s between
attempts that may take 10 s each."""

LOOK = 60.0
"""Seconds between two looks at who should be gone."""


class Detection:
    """Judges transitions, and looks for those that never came."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._look_at = 0.0
        self._held = 0

    # --- as it happens

    def decided(self, decided: Decided, subject: Subject) -> None:
        run = self._world.runs[-1]
        if 0 <= decided.at - subject.linked <= TICK:
            return  # it comes at this very moment by a link that nobody could have read before
        if decided.after == "offline":
            if why_not := self._too_early(decided, subject, run):
                self._world.breach(1, f"{decided.client_id} offline ({decided.reason}): {why_not}")
            if decided.reason in ("timeout", "closed"):
                self._hold_to_bound(subject, run)
                self._blame_server(decided, subject)
        elif decided.reason == "silent" and (why_not := self._late_early(decided, subject, run)):
            self._world.breach(1, f"{decided.client_id} late: {why_not}")

    def tick(self) -> None:
        world = self._world
        server = world.server
        if world.is_up and server is not None:
            run = world.runs[-1]
            detector = server.presence.registry.detector
            if detector.held:
                if detector.held > self._held:
                    self._hold_to_ratio(server.presence)
                run.held_at = world.awake()
            self._held = detector.held
            if world.now >= self._look_at:
                self._look_at = world.now + LOOK
                for client in list(server.presence.registry._clients):
                    subject = world.society.subjects[client]
                    if not _was_just_heard(subject, run, world.awake()):
                        self._hold_to_bound(subject, run)

    def at_end(self) -> None:
        """All was judged as it happened."""

    # --- law 1

    def _too_early(self, decided: Decided, subject: Subject, run: Run) -> str:
        now = decided.awake
        match decided.reason:
            case "left":
                return "" if subject.left > NEVER else "it said no goodbye"
            case "kicked":
                return "" if subject.kicked > NEVER else "nobody kicked it"
        return self._silent_too_short(
            subject, run, now,
            link=lambda rule: rule.timeout, grace=lambda rule: rule.grace,
            beats=subject.timeout, to_end=True,
        )  # fmt: skip

    def _late_early(self, decided: Decided, subject: Subject, run: Run) -> str:
        if decided.at - subject.heard <= TICK:
            return ""  # what comes at this very moment is read next: it is back at once
        return self._silent_too_short(
            subject, run, decided.awake,
            link=lambda rule: min(1.5 * rule.heartbeat, rule.timeout),
            grace=lambda _: 0.0, beats=subject.late_after, to_end=False,
        )  # fmt: skip

    def _silent_too_short(self, subject, run, now, *, link, grace, beats, to_end) -> str:
        heard_by_link = max(subject.signed, subject.ended)
        if heard_by_link >= run.began:
            slack = self._slack(run, heard_by_link)
            if subject.ended >= subject.signed:
                least = min(grace(rule) for rule in _in_force(run, subject.ended))
                timeout = min(link(rule) for rule in _in_force(run, subject.signed))
                gone_silent = now - subject.signed >= timeout - slack
                if now - subject.ended < least - slack and not gone_silent:
                    return f"its link ended {now - subject.ended:.2f} s ago, grace is {least:g} s"
            else:
                least = min(link(rule) for rule in _in_force(run, subject.signed))
                if now - subject.signed < least - slack:
                    silence = now - subject.signed
                    return f"it was heard {silence:.2f} s ago, and has {least:g} s"
        beaten = subject.beaten_until(now)
        why = self._beat_too_short(subject, run, beaten, beats)
        if beaten >= run.began_at or subject.signed == NEVER:
            return why
        if max(subject.signed, subject.ended) < run.began and to_end:
            # Of one that did both, the last run may have left either.
            least = min(rule.timeout + rule.grace for rule in run.rules)
            waited = now - run.began
            if waited < least - self._slack(run, run.began) and (why or subject.beaten == NEVER):
                return f"this run is {waited:.2f} s old, and it has {least:g} s"
        return ""

    def _beat_too_short(self, subject: Subject, run: Run, beaten: float, least: float) -> str:
        """Whether its last heartbeat, whatever run it came in, is not long enough ago."""
        if beaten <= subject.unbeaten:
            return ""
        if beaten < run.began_at:
            least += run.rules[0].grace
        silence = self._world.awake_between(beaten, self._world.now)
        if silence < least - self._slack_of_all_runs(beaten):
            return f"it beat {silence:.2f} s ago, and has {least:g} s"
        return ""

    # --- law 2

    def _hold_to_bound(self, subject: Subject, run: Run) -> None:
        now, bound = self._world.awake(), self.bound(subject, run)
        if now > bound + 0.01:
            self._world.breach(
                2,
                f"{subject.client_id} is gone, and present {now - bound:.2f} s "
                f"longer than it should (heard by link {subject.signed:.2f}, which ended "
                f"{subject.ended:.2f}, and by beats {subject.beaten:.2f}; now {now:.2f})",
            )

    def _hold_to_ratio(self, presence: Presence) -> None:
        """Sessions are held back only while most are silent, or were until this tick."""
        everyone, policy = list(presence.registry.sessions()), presence.policy
        since = presence.clock.now().awake - 2 * TICK
        silent = sum(s.state is not FRESH or s.last_ping.awake >= since for s in everyone)
        if silent < policy.mass_loss_min or silent <= policy.mass_loss_ratio * len(everyone):
            self._world.breach(
                2, f"some are held, though of {len(everyone)} at most {silent} are silent"
            )

    def bound(self, subject: Subject, run: Run) -> float:
        """Until when (awake time) it may be present if nothing more is heard of it."""
        deadlines, reap = [], 0.0
        if subject.signed >= run.began:
            rules = list(_in_force(run, subject.signed))
            reap = max(rule.reap for rule in rules)
            deadlines.append(subject.signed + max(rule.timeout for rule in rules))
        if subject.parted >= run.began:
            rules = list(_in_force(run, subject.parted))
            reap = max(reap, *(rule.reap for rule in rules))
            deadlines.append(self._grace_over(subject.parted, run, rules))
        if run.served == float("inf"):
            return run.served
        reap = max(reap, *(rule.reap for rule in run.rules))
        if subject.beaten > NEVER:
            deadlines.append(self._beats_over(subject))
        if max(subject.signed, subject.ended) < run.began and subject.signed > NEVER:
            longest = max(rule.timeout for rule in run.rules)
            deadlines.append(run.served + longest + max(rule.grace for rule in run.rules))
        deadline = max(deadlines)
        if run.held_at > min(deadline, self._world.awake()) - 2 * reap - _HOLD:
            deadline += _HOLD + reap
        if any(pause.awake + UNNOTICED >= deadline for pause in run.pauses):
            deadline += READ_FIRST
        return deadline + reap + TICK * 2 + 0.3

    def _beats_over(self, subject: Subject) -> float:
        """Until when (awake time) its last heartbeat keeps it: its timeout, and one grace if the
        server was away since. What a run that was killed had not written counts as away.
        """
        world, since = self._world, subject.beaten
        runs = [run for run in world.runs if run.ended_at is None or run.ended_at >= since]
        least = subject.timeout
        if len(runs) > 1 or any(pause.until >= since for pause in runs[-1].pauses):
            least += max(rule.grace for run in runs for rule in run.rules)
        for run in runs[:-1]:
            least += min(run.unsaved, (run.ended_at or 0.0) - run.began_at)
        least += sum(min(run.served, world.awake()) - run.began for run in runs[1:])
        return world.awake() + least - world.awake_between(since, world.now)

    def _grace_over(self, ended: float, run: Run, rules: list[Rule]) -> float:
        grace = max(rule.grace for rule in rules)
        timeout = max(rule.timeout for rule in rules)
        doubts = [
            pause.awake
            for pause in run.pauses
            if ended - timeout <= pause.awake + UNNOTICED <= ended + grace + 2 * UNNOTICED + 30
            or ended - timeout <= pause.awake <= ended + grace + 30
        ]
        if doubts:
            return max(ended, *doubts) + UNNOTICED + timeout + grace
        return ended + grace

    # --- law 3

    def _blame_server(self, decided: Decided, subject: Subject) -> None:
        began = self._world.runs[-1].began
        wells = [m for m in subject.machines if m.is_well(SETTLED)]
        if self._world.runs[-1].began_at > subject.beaten and subject.signed > NEVER:
            # Of one that held a link when the last run ended, only the link is remembered.
            wells = [m for m in wells if not isinstance(m, Beater)]
        if subject.signed >= began and self._was_just_away(decided.at):
            # Of several by one id, the first that is back takes the place of all.
            wells = [m for m in wells if m.is_back() or len(subject.machines) == 1]
        if wells:
            self._world.breach(
                3, f"{decided.client_id} offline ({decided.reason}), and nothing is wrong with it"
            )

    def _was_just_away(self, at: float) -> bool:
        """Whether the server could do nothing lately: not all who run are back yet."""
        run = self._world.runs[-1]
        since = max([run.began_at, *(pause.until for pause in run.pauses)])
        return at - since < SETTLED

    def _slack(self, run: Run, since: float) -> float:
        stalls = sum(pause.awake >= since - TICK for pause in run.pauses)
        return TICK + 0.01 + UNNOTICED * stalls

    def _slack_of_all_runs(self, since: float) -> float:
        """The same since a moment of the world, whatever runs lie in between."""
        pauses = [pause for run in self._world.runs for pause in run.pauses]
        stalls = sum(pause.until >= since - TICK for pause in pauses)
        return TICK + 0.01 + UNNOTICED * stalls


_HOLD = 60.0
"""As `detector.mass_loss_hold`."""


def _was_just_heard(subject: Subject, run: Run, now: float) -> bool:
    """Whether its time cannot be up, whatever else is known of it; most have just pinged."""
    return now - subject.signed < run.rules[-1].timeout and subject.signed >= run.began


def _in_force(run: Run, since: float) -> Iterator[Rule]:
    """The settings that were in force at some time since then."""
    for index, rule in enumerate(run.rules):
        following = run.rules[index + 1].since if index + 1 < len(run.rules) else float("inf")
        if following >= since:
            yield rule
