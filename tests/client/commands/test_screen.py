from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lastseen.client import Change, View
from lastseen.client.commands.board import Board
from lastseen.client.commands.columns import cell_width
from lastseen.client.commands.screen import Screen

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def board(record, now):
    board = Board()
    joins = [record(f"web-{n:02}") for n in range(10)]
    board.apply(Change("snapshot", joins, [], [], View()), now)
    return board


@pytest.fixture
def screen():
    screen = Screen("127.0.0.1:8080")
    screen.banner = ""
    return screen


def painted(screen, board, now, width=100, height=24):
    return [
        "".join(cell.text for cell in line)
        for line in screen.paint(board, now, width=width, height=height)
    ]


def test_the_first_line_counts_and_tells_the_time(screen, board, now):
    title = painted(screen, board, now)[0]
    assert title.startswith("127.0.0.1:8080: 10 online, 0 late ")
    assert title.endswith(" 12:00:00")
    assert cell_width(title) == 100


def test_everyone_is_shown_where_the_terminal_is_high_enough(screen, board, now):
    lines = painted(screen, board, now)
    assert lines[2].split() == ["client", "status", "since", "last", "seen", "via"]
    assert [line.split()[0] for line in lines[3:]] == [f"web-{n:02}" for n in range(10)]


def test_where_it_is_not_the_rows_come_in_pages(screen, board, now):
    first = painted(screen, board, now, height=8)
    assert len(first) == 8
    assert [line.split()[0] for line in first[3:7]] == ["web-00", "web-01", "web-02", "web-03"]
    assert first[7].startswith("1 to 4 of 10, page 1 of 3")
    screen.press(" ")
    assert painted(screen, board, now, height=8)[3].startswith("web-04")
    screen.press("b")
    assert painted(screen, board, now, height=8)[3].startswith("web-00")


def test_there_is_nothing_before_the_first_page_and_behind_the_last(screen, board, now):
    for _ in range(9):
        screen.press("n")
    assert painted(screen, board, now, height=8)[3].startswith("web-08")
    for _ in range(9):
        screen.press("\x1b[5~")
    assert painted(screen, board, now, height=8)[3].startswith("web-00")


def test_a_page_that_is_no_longer_there_gives_way_to_the_last_one(screen, board, now):
    screen.press(" ")
    screen.press(" ")
    assert painted(screen, board, now, height=8)[3].startswith("web-08")
    assert painted(screen, board, now, height=10)[3].startswith("web-06")


def test_only_q_means_to_end(screen):
    assert screen.press("q")
    assert not any(screen.press(key) for key in (" ", "b", "x", "\x1b[6~", "Q"))


def test_a_banner_says_what_is_wrong(screen, board, now):
    screen.banner = "lost 127.0.0.1:8080: the connection broke"
    [_, warning, *_] = screen.paint(board, now, width=60, height=24)
    assert warning[0].text.strip() == screen.banner
    assert warning[0].style == "black on yellow"


def test_columns_stand_still_while_times_count_on(screen, board, now, record):
    painted(screen, board, now)
    board.apply(Change("diff", [], [], [record("web-00", name="A long name")], View()), now)
    wide = painted(screen, board, now)[2]
    board.apply(Change("diff", [], [], [record("web-00", name="A")], View()), now)
    assert painted(screen, board, now)[2] == wide


def test_an_empty_board_shows_the_count_alone(screen, now):
    assert painted(screen, Board(), now)[0].startswith("127.0.0.1:8080: 0 online, 0 late")
    assert painted(screen, Board(), now)[1:] == [""]


@settings(deadline=None)  # the first example pays for imports
@given(width=st.integers(1, 200), height=st.integers(1, 30))
def test_the_picture_never_exceeds_the_height_of_the_terminal(width, height):
    board = Board()
    assert len(Screen("h:1").paint(board, NOON, width=width, height=height)) <= height
