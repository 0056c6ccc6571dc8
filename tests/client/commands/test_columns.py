from hypothesis import given, settings
from hypothesis import strategies as st

from lastseen.client.commands.columns import Cell, Column, Layout, cell_width, fitted

COLUMNS = (
    Column("client", narrowest=4),
    Column("status"),
    Column("from", narrowest=5, rank=2),
    Column("note", narrowest=4, rank=1),
)


def text(line):
    return "".join(cell.text for cell in line)


def rows(*texts):
    return [[Cell(part) for part in row] for row in texts]


def laid_out(page, width=None):
    layout = Layout(COLUMNS, width=width)
    layout.take(page)
    return [text(layout.heading()), *(text(layout.line(row)) for row in page)]


def test_columns_are_as_wide_as_their_widest_cell_or_heading():
    assert laid_out(rows(("a", "online", "x", "n"), ("web-0001", "late", "y", ""))) == [
        "client    status  from  note",
        "a         online  x     n",
        "web-0001  late    y",
    ]


def test_a_column_in_which_nothing_stands_is_left_out():
    assert laid_out(rows(("a", "online", "", "hi"))) == [
        "client  status  note",
        "a       online  hi",
    ]


def test_a_later_page_that_needs_a_new_column_asks_for_a_new_heading():
    layout = Layout(COLUMNS)
    assert layout.take(rows(("a", "online", "", "")))
    assert not layout.take(rows(("b", "online", "", "")))
    assert layout.take(rows(("c", "online", "", "note")))


def test_widths_only_grow_from_page_to_page():
    layout = Layout(COLUMNS)
    layout.take(rows(("a-long-name", "online", "", "")))
    [short] = page = rows(("b", "online", "", ""))
    layout.take(page)
    assert text(layout.line(short)) == "b            online"


def test_where_the_terminal_is_narrow_the_widest_column_gives_first():
    wide = rows(("a-long-name", "online", "10.0.0.1:50000", "n"))
    [_, line] = laid_out(wide, width=35)
    assert line == "a-long-n…  online  10.0.0.1:…  n"
    assert cell_width(line) <= 35


def test_where_shrinking_is_not_enough_the_column_of_the_highest_rank_is_left_out():
    wide = rows(("a-long-name", "online", "10.0.0.1:50000", "n"))
    assert laid_out(wide, width=22) == ["client    status  note", "a-long-…  online  n"]


def test_columns_of_rank_0_stay_however_narrow_it_is():
    wide = rows(("a-long-name", "online", "10.0.0.1:50000", "n"))
    assert laid_out(wide, width=5) == ["cli…  status", "a-l…  online"]


def test_wide_characters_take_two_cells():
    assert laid_out(rows(("日本", "late", "", ""), ("abc", "late", "", "")))[1:] == [
        "日本    late",
        "abc     late",
    ]


def test_half_a_wide_character_is_not_shown():
    assert fitted("日本語", 4) == "日 …"


@settings(deadline=None)  # the first example pays for imports
@given(st.text(st.sampled_from("ab日🙂é "), max_size=20), st.integers(1, 30))
def test_a_fitted_text_takes_exactly_its_cells(given_text, width):
    assert cell_width(fitted(given_text, width)) == width


page_of_texts = st.lists(
    st.tuples(*[st.text(st.sampled_from("ab日"), max_size=30)] * 4).map(
        lambda t: ("id" + t[0], *t[1:])
    ),
    min_size=1,
    max_size=5,
)


@settings(deadline=None)  # the first example pays for imports
@given(page_of_texts, st.integers(60, 120))
def test_no_line_is_wider_than_the_terminal_where_every_column_shrinks(texts, width):
    layout = Layout([Column(str(n), narrowest=10, rank=n) for n in range(4)], width=width)
    page = rows(*texts)
    layout.take(page)
    assert all(cell_width(text(layout.line(row))) <= width for row in page)
