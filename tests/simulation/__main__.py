"""Runs a world of which all is simulated but the server; one that breaks a law is shortened, and
the command printed that runs it again. See docs/guarantees.md.
"""

import argparse
import sys
import time

from tests.simulation.incidents import incidents
from tests.simulation.laws import Breach, Breached
from tests.simulation.shrinking import shrink
from tests.simulation.trials import trials
from tests.simulation.world import Plan, World


def main() -> int:
    asked = _arguments()
    plan = Plan(
        asked.seed, tuple(asked.only_clients or range(asked.clients)), asked.days * 86_400,
        None if asked.only_incidents is None else tuple(asked.only_incidents),
    )  # fmt: skip
    began, world = time.process_time(), World(plan)
    try:
        world.run()
    except Breached as breached:
        print(breached)
        if not asked.as_it_is:
            with trials(breached.breach.law, asked.minutes) as several:
                _explain(*shrink(plan, breached.breach, several.first))
        return 1
    finally:
        _sum_up(world, time.process_time() - began)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=float, default=1.0)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--only-clients", type=_numbers, help="these numbers, like 3,17")
    parser.add_argument("--only-incidents", type=_numbers, help="these numbers; none: ''")
    parser.add_argument("--minutes", type=float, default=15.0, help="spent on shortening")
    parser.add_argument("--as-it-is", action="store_true", help="do not shorten it")
    return parser.parse_args()


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",") if number]


def _explain(plan: Plan, breach: Breach) -> None:
    print(f"\nThe shortest world that breaks law {breach.law}:\n  {breach}")
    kept = None if plan.incidents is None else set(plan.incidents)
    for incident in incidents(plan.seed, plan.seconds):
        if kept is None or incident.number in kept:
            print(f"  incident {incident.number} at {incident.at:.0f} s: {incident.kind}")
    print("Again:\n  " + command(plan))


def command(plan: Plan) -> str:
    """What runs it again."""
    clients = ",".join(map(str, plan.clients))
    few = (
        ""
        if plan.incidents is None
        else f" --only-incidents '{','.join(map(str, plan.incidents))}'"
    )
    return (
        f"make simulate SEED={plan.seed} DAYS={plan.seconds / 86_400:.6f} "
        f'MORE="--only-clients {clients}{few} --as-it-is"'
    )


def _sum_up(world: World, took: float) -> None:
    print(
        f"seed {world.plan.seed}: {world.now / 86_400:.2f} days, "
        f"{len(world.plan.clients)} clients, "
        f"{world.society.pings} pings, {len(world.decided)} transitions, {len(world.runs)} runs of "
        f"the server, {sum(len(r.told) for r in world.receivers.values())} things told; "
        f"{took:.0f} s CPU, {world.society.pings / took:.0f} pings a second"
    )


if __name__ == "__main__":
    sys.exit(main())
