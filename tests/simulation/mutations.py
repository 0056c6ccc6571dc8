"""Breaks each law on purpose: changes one place of the code, in a copy, and sees the simulation
find it.

    python -m tests.simulation.mutations [NAME …]

The list stands in docs/guarantees.md.
"""

# ruff: noqa: E501, T201 - the code that is changed is quoted as it stands

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).parents[2]
COPIED = ("server", "client", "shared", "tests/simulation")
SERVER = "server/lastseen/server/"

PATIENCE = 600.0
"""Seconds of real time for one world."""


class Mutation(Struct, frozen=True):
    """One change, the law that it breaks, and a world in which that shows."""

    name: str
    law: int
    file: str
    before: str
    after: str
    seed: int
    days: float = 0.25
    clients: int = 60


MUTATIONS = [
    Mutation("a ping is not noted", 1, "presence/detector.py",
             "            self._fresh.renew(session, now.awake)\n            return False\n",
             "            return False\n", 15, 0.1),
    Mutation("grace is not waited for", 1, "presence/detector.py",
             "BROKEN: policy.reconnect_grace,", "BROKEN: policy.reconnect_grace / 2,", 9),
    Mutation("the timeout is forgotten for those whose link stands", 2, "presence/detector.py",
             "for state in (SILENT, BROKEN, DOUBTED):", "for state in (BROKEN, DOUBTED):", 15),
    Mutation("one that is silent waits anew", 2, "presence/detector.py",
             "self._move(session, SILENT, session.began)",
             "self._move(session, SILENT, session.began + 45.0)", 15),
    Mutation("a suspension is not noticed", 3, "presence/clock.py",
             "if slept > STALL_TOLERANCE:", "if slept > 1e9:", 14),
    Mutation("stalls count as awake", 1, "presence/clock.py",
             "if stall > 0:", "if stall > 1e9:", 9),
    Mutation("those of the run before get the grace of a broken link", 1, "presence/detector.py",
             "DOUBTED: policy.connection_timeout + policy.reconnect_grace,",
             "DOUBTED: policy.reconnect_grace,", 15),
    Mutation("a restart restarts the timeout of a heartbeat", 2, "keeping/restoring.py",
             "max(0.0, awake - c.heard_awake)", "0.0", 15),
    Mutation("the awake time of all runs is not kept", 2, "keeping/keeper.py",
             "self._presence.epoch, at.wall, self.awake_before + at.awake",
             "self._presence.epoch, at.wall, 0.0 * at.awake", 15),
    Mutation("a stall restarts the timeout of a heartbeat", 2, "presence/detector.py",
             "self._enter_queue(session, session.state, session.began)",
             "self._enter_queue(session, session.state, now.awake)", 14),
    Mutation("a heartbeat of the run before has no grace", 1, "presence/detector.py",
             "        session.extra = self.policy.reconnect_grace\n        silence", "        silence", 9),
    Mutation("one with a timeout alone is late before it ends", 1, "presence/model.py",
             "return self.timeout if self.every is None else self.every",
             "return 0.75 * self.timeout if self.every is None else self.every", 15),
    Mutation("half of those that are on time count as silent", 2, "presence/detector.py",
             "fresh = len(self._fresh) + sum(len(own[FRESH]) for own in self._own.values())",
             "fresh = 0.5 * len(self._fresh)", 15),
    Mutation("a write whose answer was lost is given up", 6, "keeping/keeper.py",
             "            except StoreUnavailable as error:\n                self._note_unavailable(error, pause)\n",
             "            except StoreUnavailable as error:\n                self._note_unavailable(error, pause)\n                return\n", 14),
    Mutation("where channels stand is forgotten by a restart", 4, "notify/outbox.py",
             "        for standing in standings:\n            self._set(standing)\n",
             "        for _ in standings:\n            pass\n", 14),
    Mutation("what is short is told all the same", 4, "notify/standing.py",
             "return standing.held if _was_brief(standing, now) else \"\"", "return \"\"", 14),
    Mutation("a return is not told", 4, "notify/standing.py",
             "if standing.said == \"online\" or \"online\" not in channel.events:",
             "if standing.said != \"flapping\":", 14),
    Mutation("what happens while a channel is off is told later", 4, "notify/outbox.py",
             "mute = standings.get(channel.name), silence if channel.enabled else OFF",
             "mute = standings.get(channel.name), silence", 21),
    Mutation("after a silence, delay counts from the outage", 4, "notify/standing.py",
             "return said(standing, channel, key, now, counts_from=now)",
             "return said(standing, channel, key, now, counts_from=None)", 21),
    Mutation("a return in a silence is told when it ends", 4, "notify/outbox.py",
             "return Mute(self.returns_during_silence) if covered else None",
             "return Mute() if covered else None", 48),
    Mutation("a silence covers no outage that begins in it", 4, "notify/outbox.py",
             "mute = standings.get(channel.name), silence if channel.enabled else OFF",
             "mute = standings.get(channel.name), None if channel.enabled else OFF", 15),
    Mutation("what waits when a channel is turned off is sent later", 4, "notify/notifier.py",
             "                self._giving_up.begin(name, OFF if name in known else GONE)\n",
             "                continue\n", 6),
    Mutation("a channel that is on again is not told what is so", 4, "notify/outbox.py",
             "                if is_muted:\n", "                if is_muted and channel is None:\n", 15),
    Mutation("what was tried when a channel was turned off is taken for not told", 4, "notify/outbox.py",
             "(line.key, set_back(self._standings.get(line.key[1], {}).get(line.key[0]), line))",
             "(line.key, Step(None))", 51),
    Mutation("setting the clock changes delays while the server runs", 4, "notify/schedule.py",
             "self._elapsed = elapsed\n        self._began = wall() - elapsed()",
             "self._elapsed = wall\n        self._began = 0.0", 17),
    Mutation("a delay goes on while the server is away", 4, "notify/restart.py",
             "due_at = now + max(min(standing.held_until - ended, delay), min(delay, grace))",
             "due_at = now", 33),
    Mutation("a lane is not woken when there is something to send", 4, "notify/lanes.py",
             "                self._lanes[name].wake()", "                continue", 15),
    Mutation("of many changes at once only three are published", 5, "presence/journal.py",
             "shown, self._changed = self._changed, {}",
             "shown, self._changed = dict(list(self._changed.items())[:3]), {}", 15),
    Mutation("watchers are not told of sessions that leave the status as it is", 5, "presence/presence.py",
             "            self._described(change.client_id)\n", "            pass\n", 20),
    Mutation("a client is shown by the session that began first", 5, "presence/description.py",
             "max(latest_first, key=precedence)", "client.sessions[0]", 2),
    Mutation("events are written backwards", 6, "keeping/keeper.py",
             "events = [entry.event for entry in batch if entry.event is not None]",
             "events = [entry.event for entry in reversed(batch) if entry.event is not None]", 15),
    Mutation("an outage begins when it is noticed", 7, "store/uptime.py",
             "min(event.last_seen, event.at)", "event.at", 11),
    Mutation("a stall counts as watched", 7, "keeping/keeper.py",
             "        self._awake_since = now\n", "        self._awake_since = None\n", 11),
    Mutation("the doorkeeper keeps count of those who have gone", 8, "links/doorkeeper.py",
             "self._from_host[host] -= 1", "self._from_host[host] -= 0", 15, 0.05),
]  # fmt: skip


def main(names: list[str]) -> int:
    missed = 0
    for mutation in MUTATIONS:
        if not names or mutation.name in names:
            found = find(mutation)
            missed += not found.startswith(f"law {mutation.law},")
            print(
                f"{mutation.name} (law {mutation.law}, seed {mutation.seed}): {found}", flush=True
            )
    return 1 if missed else 0


def find(mutation: Mutation) -> str:
    """What the simulation says of a copy with this change: the first line; "" for nothing."""
    with tempfile.TemporaryDirectory(prefix="lastseen-mutation-") as name:
        copy = Path(name)
        for folder in COPIED:
            shutil.copytree(
                ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__")
            )
        changed = copy / SERVER / mutation.file
        text = changed.read_text()
        if text.count(mutation.before) != 1:
            return f"{mutation.file} has not the one place that was to be changed"
        changed.write_text(text.replace(mutation.before, mutation.after))
        return _first_line(copy, mutation)


def _first_line(copy: Path, mutation: Mutation) -> str:
    path = [copy / "server", copy / "client", copy / "shared", copy]
    command = [
        sys.executable, "-m", "tests.simulation", "--seed", str(mutation.seed), "--as-it-is",
        "--days", str(mutation.days), "--clients", str(mutation.clients),
    ]  # fmt: skip
    ran = subprocess.run(
        command, cwd=copy, env=os.environ | {"PYTHONPATH": ":".join(map(str, path))},
        capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    lines = ran.stdout.splitlines()
    return lines[0] if ran.returncode == 1 and lines else f"not found ({ran.stderr[-300:]})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
