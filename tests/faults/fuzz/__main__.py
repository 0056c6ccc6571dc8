"""`python -m tests.faults.fuzz MINUTES [TARGET…]`: fuzz each target in turn, led by coverage.

An input that reaches lines of ours which none before it reached joins the corpus. One that breaks a
law is made as short as it still breaks it, kept in the corpus too, so that the tests fail until the
fault is mended, and printed. Exits 1 if there was one.
"""

import argparse
import random
import sys
import time
import traceback
from types import CodeType, FrameType
from typing import Any

from tests.faults.fuzz import corpus
from tests.faults.fuzz.mutation import mutated
from tests.faults.fuzz.targets import TARGETS, Target

from lastseen.server import logs

OURS = "/lastseen/"
"""In the path of every file whose lines count."""

ATTEMPTS = 500
"""Cuts that are tried to make a failing input shorter."""

Line = tuple[CodeType, int]


class Coverage:
    """The lines of ours that were reached so far."""

    def __init__(self) -> None:
        self._lines: set[Line] = set()

    def adds(self, target: Target, data: bytes) -> bool:
        """Check an input. Whether it reached something new.

        Raises:
            Exception: The input breaks a law.
        """
        before = len(self._lines)
        sys.settrace(self._called)
        try:
            target.check(data)
        finally:
            sys.settrace(None)
        return len(self._lines) > before

    def _called(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        return self._reached if OURS in frame.f_code.co_filename else None

    def _reached(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "line":
            self._lines.add((frame.f_code, frame.f_lineno))
        return self._reached


def fuzz(name: str, seconds: float, chance: random.Random) -> bool:
    """Fuzz one target. Whether no law broke."""
    target, coverage = TARGETS[name], Coverage()
    kept = [data for data in corpus.read(name) if not _breaks(target, data)]
    kept += target.seeds
    for data in kept:
        coverage.adds(target, data)
    began, tried, broken = time.monotonic(), 0, []
    while time.monotonic() < began + seconds and not broken:
        data = mutated(chance, kept)
        tried += 1
        try:
            if coverage.adds(target, data):
                kept.append(data)
        except Exception:  # noqa: BLE001 - whatever it is, it is a find
            broken.append(shortened(target, data))
            print(f"{name}: {broken[-1]!r} breaks a law")
            traceback.print_exc()
    corpus.write(name, [data for data in (*kept, *broken) if data not in target.seeds])
    print(f"{name}: {tried:,} inputs, {len(kept):,} kept")
    return not broken


def shortened(target: Target, data: bytes) -> bytes:
    """The same with as much cut out as still breaks a law."""
    size, attempts = len(data) // 2, 0
    while size and attempts < ATTEMPTS:
        for start in range(0, len(data), size):
            attempts += 1
            shorter = data[:start] + data[start + size :]
            if _breaks(target, shorter):
                data = shorter
                break
        else:
            size //= 2
    return data


def _breaks(target: Target, data: bytes) -> bool:
    try:
        target.check(data)
    except Exception:  # noqa: BLE001 - whatever it is, it is a find
        return True
    return False


def main() -> int:
    """Fuzz what was asked for, or everything."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.fuzz", description=__doc__)
    parser.add_argument("minutes", type=float)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seed", type=int, default=time.time_ns())
    arguments = parser.parse_args()
    names = arguments.targets or list(TARGETS)
    chance = random.Random(arguments.seed)
    print(f"seed {arguments.seed}")
    logs.configure("error", "console")
    results = [fuzz(name, arguments.minutes * 60 / len(names), chance) for name in names]
    return int(not all(results))


if __name__ == "__main__":
    sys.exit(main())
