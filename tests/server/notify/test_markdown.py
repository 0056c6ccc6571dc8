"""MarkdownV2, read back by the rules of the Bot API."""

import re
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.notify.markdown import LONGEST, escaped, pieces, units
from lastseen.server.notify.notice import Message
from lastseen.server.notify.wording import Words, word

SPECIAL = set("_*[]()~`>#+-=|{}.!\\")
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]))
LINES = st.lists(TEXT, max_size=6)


def parse(markdown: str) -> tuple[str, str]:
    """The text that a reader sees, and the part of it that is bold.

    Raises:
        ValueError: What stands there unescaped would be an error, or another markup than bold.
    """
    shown, bold, inside = "", "", False
    for mark in re.findall(r"\\.|.", markdown, re.DOTALL):
        if mark == "*":
            inside = not inside
        elif len(mark) == 1 and mark in SPECIAL:
            raise ValueError(f"{mark!r} is not escaped")
        else:
            shown += mark[-1]
            bold += mark[-1] if inside else ""
    if inside:
        raise ValueError("bold does not end")
    return shown, bold


@given(st.text())
def test_what_is_escaped_is_shown_as_it_was_and_is_no_markup(text: str):
    assert parse(escaped(text)) == (text, "")


@given(TEXT, LINES)
def test_only_the_title_is_bold_whatever_a_client_is_called(title: str, lines: list[str]):
    (piece,) = pieces(Words("bad", title, tuple(lines)))
    shown, bold = parse(piece.markdown)
    assert bold == title
    assert shown == piece.plain == "\n".join([f"🔴 {title}", *lines])


@given(TEXT, LINES, st.integers(20, 60))
def test_what_is_long_is_cut_into_pieces_that_fit_and_have_all_of_it(
    title: str, lines: list[str], longest: int
):
    found = pieces(Words("good", title, tuple(lines)), longest)
    assert all(units(piece.markdown) <= longest for piece in found)
    assert all(parse(piece.markdown)[0] == piece.plain for piece in found)
    told = "".join(piece.plain for piece in found).replace("\n", "").replace("🟢 ", "")
    assert told == f"{title}{''.join(lines)}".replace("🟢 ", "")


def test_a_digest_that_is_too_long_is_cut_between_lines():
    lines = tuple(f"• web-{n}: last seen 2026-09-21 14:11:20 UTC" for n in range(200))
    first, *others = pieces(Words("bad", "200 clients offline", lines))
    assert len(others) >= 1
    assert units(first.markdown) > LONGEST - 100
    assert [line for p in (first, *others) for line in p.plain.split("\n")][1:] == list(lines)


def test_moods_have_marks(make_message: Callable[..., Message]):
    marks = {
        kind: pieces(word(make_message(kind), 1_790_000_000.0))[0].markdown[0]
        for kind in ("offline", "online", "flapping")
    }
    assert marks == {"offline": "🔴", "online": "🟢", "flapping": "🟠"}


def test_what_telegram_counts_are_utf_16_units():
    assert units("a🔴") == 3
