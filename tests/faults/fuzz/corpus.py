"""The inputs that are kept: for each target a file with one literal of Python's a line, so that a
person can read what is in it and a difference shows what is new.
"""

import ast
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "corpus"


def read(target: str) -> list[bytes]:
    """All that is kept for a target."""
    path = FOLDER / f"{target}.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    return [ast.literal_eval(line) for line in lines]


def write(target: str, inputs: list[bytes]) -> None:
    """Keep these for a target, the shortest first."""
    FOLDER.mkdir(exist_ok=True)
    lines = [f"{data!r}\n" for data in sorted(set(inputs), key=lambda data: (len(data), data))]
    (FOLDER / f"{target}.txt").write_text("".join(lines))
