"""Words as Telegram's MarkdownV2, in pieces that fit into a message. Pure.

https://core.telegram.org/bots/api#markdownv2-style
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from lastseen.server.notify.wording import Mood, Words

LONGEST = 4096
"""UTF-16 code units of one message; Telegram counts them without the escapes, which is less."""

MARKS: dict[Mood, str] = {"bad": "🔴", "good": "🟢", "unsteady": "🟠"}

_SPECIAL = re.compile(r"[_*\[\]()~`>#+\-=|{}.!\\]")
"""What must have a backslash before it, and the backslash itself."""


class Piece(Struct, frozen=True):
    """One message of Telegram.

    Attributes:
        markdown: As MarkdownV2.
        plain: The same without any markup, for a server that does not take that.
    """

    markdown: str
    plain: str


def pieces(words: Words, longest: int = LONGEST) -> list[Piece]:
    """Words as messages, in their order, cut between lines where that is possible."""
    mark = MARKS[words.mood]
    head = [
        Piece(f"{mark} *{escaped(part)}*", f"{mark} {part}")
        for part in _cut(words.title, longest - len("🔴 **") - 1)
    ]
    body = [Piece(escaped(part), part) for line in words.lines for part in _cut(line, longest)]
    return list(_packed([*head, *body], longest))


def escaped(text: str) -> str:
    """Text that shows as itself."""
    return _SPECIAL.sub(r"\\\g<0>", text)


def units(text: str) -> int:
    """How many UTF-16 code units a text has."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _cut(line: str, longest: int) -> Iterator[str]:
    """A line in parts that fit even when they are escaped; nearly always it is one."""
    part, used = "", 0
    for character in line:
        needed = units(escaped(character))
        if used + needed > longest:
            yield part
            part, used = "", 0
        part, used = part + character, used + needed
    yield part


def _packed(lines: list[Piece], longest: int) -> Iterator[Piece]:
    """Lines joined to as few messages as hold them."""
    whole = lines[0]
    for line in lines[1:]:
        joined = Piece(f"{whole.markdown}\n{line.markdown}", f"{whole.plain}\n{line.plain}")
        if units(joined.markdown) > longest:
            yield whole
            joined = line
        whole = joined
    yield whole
