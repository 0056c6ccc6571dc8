"""What people read."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.notify.notice import ClientNotice, Item, MassLoss, Message
from lastseen.server.notify.wording import LISTED, word
from lastseen.shared.messages import ClientRecord

MakeItem = Callable[..., Item]
MakeMessage = Callable[..., Message]
AT = 1_790_000_000.0
MASS_LOSS = Item("m", "mass_loss", MassLoss(AT, 180, 200, 60.0))


def digest(*items: Item) -> Message:
    return Message("msg_9", items, digest=True)


# --- one thing ----------------------------------------------------------------------------------


def test_a_client_that_went_is_told_by_name_with_when_and_why(make_message: MakeMessage):
    words = word(
        make_message(
            name="Web 1",
            hostname="web-01.example",
            groups=("rack-3", "web"),
            meta={"description": "the first"},
        ),
        AT + 60,
    )
    assert words.title == "Web 1 is offline"
    assert words.lines == (
        "Last seen 3 minutes ago (2026-09-21 14:11:20 UTC).",
        "Reason: it fell silent.",
        "Client: web-01",
        "Host: web-01.example",
        "Groups: rack-3, web",
        "Description: the first",
    )
    assert words.mood == "bad"


def test_a_return_says_how_long_the_client_was_gone(make_message: MakeMessage):
    message = make_message("online", reason="returned", status="online", at=AT + 634, gone=754.0)
    words = word(message, AT + 640)
    assert words.title == "web-01 is back online"
    assert words.lines == (
        "It was gone for 12 minutes 34 seconds, since 2026-09-21 14:11:20 UTC.",
        "Back at 2026-09-21 14:23:54 UTC.",
    )
    assert words.mood == "good"


def test_a_reminder_says_for_how_long_the_client_has_been_offline_by_now(make_message: MakeMessage):
    words = word(make_message("reminder"), AT + 7200)
    assert words.title == "web-01 is still offline"
    assert words.lines[0] == "It has been offline for 2 hours, since 2026-09-21 14:13:20 UTC."


def test_flapping_says_how_often_and_that_it_will_be_quiet(make_message: MakeMessage):
    words = word(make_message("flapping", changes=6, window=600.0), AT)
    assert words.title == "web-01 is flapping"
    assert words.lines[:2] == (
        "It went or came 6 times within 10 minutes.",
        "You will hear of it again when it is steady.",
    )
    assert words.mood == "unsteady"


def test_a_mass_loss_is_told_as_what_it_is():
    words = word(Message("m", (MASS_LOSS,)), AT)
    assert words.title == "180 of 200 clients fell silent at once"
    assert "the server's own connection" in words.lines[0]
    assert "late for 1 minute" in words.lines[1]


# --- several at once ----------------------------------------------------------------------------


def test_many_that_went_are_one_heading_with_what_they_have_in_common(make_item: MakeItem):
    items = [
        make_item("offline", f"web-{n:02}", groups=("rack-3", f"odd-{n % 2}"), hostname=f"h{n}")
        for n in range(1, 15)
    ]
    words = word(digest(*items), AT)
    assert words.title == (
        "14 clients offline: web-01, web-02, web-03, web-04, web-05 … (all in group rack-3)"
    )
    assert len(words.lines) == 14
    assert words.lines[0] == "• web-01: h1, last seen 2026-09-21 14:11:20 UTC, it fell silent"


def test_more_than_can_be_read_are_counted(make_item: MakeItem):
    words = word(digest(*(make_item("offline", f"c{n}") for n in range(2000))), AT)
    assert words.title.startswith("2000 clients offline: c0, c1, ")
    assert words.lines[-1] == f"… and {2000 - LISTED} more"
    assert len(words.lines) == LISTED + 1


def test_those_that_went_and_those_that_are_back_have_a_paragraph_each(make_item: MakeItem):
    items = [
        make_item("offline", "a", groups=("x",)),
        make_item("online", "b", reason="returned"),
        make_item("offline", "c", groups=("x", "y")),
        MASS_LOSS,
    ]
    words = word(digest(*items), AT)
    assert words.title == "many fell silent at once, 2 offline, 1 back online"
    assert words.lines[0] == "180 of 200 clients fell silent at once"
    assert "2 clients offline: a, c (all in group x)" in words.lines
    assert words.lines[-2:] == ("1 client back online: b", "• b: gone for 2 minutes")
    assert words.lines.count("") == 2


def test_of_a_client_that_went_and_came_only_the_end_is_told(make_item: MakeItem):
    items = [make_item("offline"), make_item("online", reason="returned", status="online")]
    words = word(digest(*items), AT)
    assert words.title == "web-01 is back online"
    assert words.mood == "good"


def test_a_digest_of_one_reads_as_one(make_item: MakeItem):
    assert word(digest(make_item()), AT) == word(Message("x", (make_item(),)), AT)


# --- texts of clients ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["two\nlines", "\x1b[31mred", "a\u202eb"])
def test_no_name_can_begin_a_line_of_its_own_or_turn_the_text(name: str, make_message: MakeMessage):
    words = word(make_message(name=name), AT)
    assert words.title.isprintable()
    assert all(line.isprintable() for line in words.lines)


def test_a_name_of_blanks_is_none(make_message: MakeMessage):
    assert word(make_message(name="  "), AT).title == "web-01 is offline"


@given(
    st.lists(
        st.builds(
            ClientRecord,
            client_id=st.text(min_size=1, max_size=128),
            status=st.just("offline"),
            reason=st.sampled_from(["left", "timeout"]),
            since=st.just(datetime(2026, 1, 1, tzinfo=UTC)),
            last_seen=st.just(datetime(2026, 1, 1, tzinfo=UTC)),
            name=st.text(max_size=128),
            hostname=st.text(max_size=255),
            groups=st.tuples(st.text(max_size=64)),
        ),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from(["offline", "online", "reminder", "flapping"]),
)
def test_whatever_clients_are_called_a_message_has_a_bounded_length(clients, kind):
    items = tuple(Item("k", kind, ClientNotice(client, AT)) for client in clients)
    words = word(digest(*items), AT)
    assert len(words.title) < 600
    assert len(words.lines) <= LISTED + 1
    assert all(line.isprintable() and len(line) < 400 for line in words.lines)
