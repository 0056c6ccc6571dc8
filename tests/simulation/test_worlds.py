"""A few worlds in which no law may be broken; `make simulate` runs as many as it is given time
for.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.simulation.laws import Breached
from tests.simulation.world import Plan, World

CLIENTS = tuple(range(40))
HOURS = 3600.0


@pytest.mark.parametrize("seed", [1, 7, 15])
def test_no_law_is_broken_in_three_hours_of_troubles(seed: int):
    World(Plan(seed, CLIENTS, 3 * HOURS)).run()


def test_each_world_is_full_of_what_it_is_to_stand():
    world = World(Plan(21, CLIENTS, 3 * HOURS))
    world.run()
    pauses = [pause for run in world.runs for pause in run.pauses]
    assert len(world.runs) > 2
    assert pauses
    assert any(world.mutings.of(name) for name in world.receivers)
    assert world.society.pings > 1_000
    assert len(world.decided) > 100
    assert any(receiver.told for receiver in world.receivers.values())


def story(seed: int) -> str:
    """A digest of all that was decided and told in a short world."""
    world = World(Plan(seed, CLIENTS, HOURS / 2, calm=300.0))
    world.run()
    decided = [(d.run, d.number, d.client_id, d.after, d.reason, d.at) for d in world.decided]
    told = [
        (r.name, [(t.at, t.kind, t.client_id, t.event_id) for t in r.told], r.repeats)
        for r in world.receivers.values()
    ]
    return hashlib.sha256(repr((decided, told, world.society.pings)).encode()).hexdigest()


def story_elsewhere(seed: int, hash_seed: str) -> str:
    """The same in a process of its own, in which sets have another order."""
    code = f"from tests.simulation.test_worlds import story; print(story({seed}))"
    path = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
    env = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": path}
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=True)
    return ran.stdout.strip()


def test_a_seed_makes_the_same_world_each_time_and_everywhere():
    assert story(7) == story_elsewhere(7, "1") == story_elsewhere(7, "2")


def test_a_client_whose_pings_are_not_noted_breaks_law_1(monkeypatch: pytest.MonkeyPatch):
    from lastseen.server.presence.presence import Presence

    monkeypatch.setattr(Presence, "heard", lambda *_: None)
    with pytest.raises(Breached) as broken:
        World(Plan(15, CLIENTS, 2 * HOURS)).run()
    assert broken.value.breach.law == 1
