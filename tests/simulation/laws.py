"""What a law is: a sentence of docs/guarantees.md, held against what happens; and a breach."""

from msgspec import Struct


class Breach(Struct, frozen=True):
    """A law that was broken: its number, when (seconds of the world), and how."""

    law: int
    at: float
    how: str

    def __str__(self) -> str:
        day, rest = divmod(self.at, 86_400)
        hour, rest = divmod(rest, 3600)
        return f"law {self.law}, day {day:.0f} {hour:02.0f}:{rest / 60:05.2f}: {self.how}"


class Breached(Exception):
    """A law was broken in this world."""

    def __init__(self, breach: Breach) -> None:
        super().__init__(str(breach))
        self.breach = breach
