"""A few worlds in which no law may be broken; `make simulate` runs as many as it is given time
for.
"""

import pytest
from tests.simulation.laws import Breached
from tests.simulation.world import Plan, World

CLIENTS = tuple(range(40))
HOURS = 3600.0


@pytest.mark.parametrize("seed", [1, 7, 15])
def test_no_law_is_broken_in_three_hours_of_troubles(seed: int):
    World(Plan(seed, CLIENTS, 3 * HOURS)).run()


def test_each_world_is_full_of_what_it_is_to_stand():
    world = World(Plan(4, CLIENTS, 3 * HOURS))
    world.run()
    pauses = [pause for run in world.runs for pause in run.pauses]
    assert len(world.runs) > 2
    assert pauses
    assert world.society.pings > 1_000
    assert len(world.decided) > 100
    assert any(receiver.told for receiver in world.receivers.values())


def test_a_seed_makes_the_same_world_each_time():
    def story() -> list[tuple[str, str, str, float]]:
        world = World(Plan(7, CLIENTS[:20], HOURS / 2))
        world.run()
        return [(d.client_id, d.after, d.reason, d.at) for d in world.decided]

    assert story() == story()


def test_a_client_whose_pings_are_not_noted_breaks_law_1(monkeypatch: pytest.MonkeyPatch):
    from lastseen.server.presence.presence import Presence

    monkeypatch.setattr(Presence, "heard", lambda *_: None)
    with pytest.raises(Breached) as broken:
        World(Plan(15, CLIENTS, 2 * HOURS)).run()
    assert broken.value.breach.law == 1
