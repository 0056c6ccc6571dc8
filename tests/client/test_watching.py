# ruff: noqa: ARG001 (pytest-trio sees a clock only where it is an argument)
import gc

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from lastseen.client import LinkLost, Refused, watching
from lastseen.shared.messages import Diff, Error, Watch


def names(records):
    return [record.client_id for record in records]


async def test_the_first_change_is_a_snapshot_of_everyone(
    fake_server, observe, record, autojump_clock
):
    fake_server.records = {f"c{n}": record(f"c{n}") for n in range(5)}
    fake_server.page = 2
    async with observe() as observer:
        change = await anext(observer.watch())
    assert change.kind == "snapshot"
    assert names(change.joins) == list(change.view) == [f"c{n}" for n in range(5)]


async def test_then_come_the_diffs(fake_server, observe, record, autojump_clock):
    async with observe() as observer:
        watch = observer.watch()
        await anext(watch)
        await fake_server.change(joins=[record("a"), record("b")])
        await fake_server.change(leaves=[record("a", status="offline", reason="left")])
        first, second = await anext(watch), await anext(watch)
    assert (first.kind, names(first.joins)) == ("diff", ["a", "b"])
    assert second.leaves[0].reason == "left"
    assert list(second.view) == ["b"]


async def test_the_view_is_that_of_the_change_while_later_ones_wait(
    fake_server, observe, record, autojump_clock
):
    async with observe() as observer:
        watch = observer.watch()
        await anext(watch)
        for name in "abc":
            await fake_server.change(joins=[record(name)])
        await wait_all_tasks_blocked()
        seen = [list((await anext(watch)).view) for _ in "abc"]
    assert seen == [["a"], ["a", "b"], ["a", "b", "c"]]


async def test_after_a_broken_link_it_gets_just_what_it_missed(
    fake_server, observe, record, autojump_clock
):
    async with observe() as observer:
        watch = observer.watch()
        await anext(watch)
        await fake_server.change(joins=[record("a")])
        await anext(watch)
        await fake_server.cut()
        await fake_server.change(joins=[record("b")])
        await fake_server.change(leaves=[record("a")])
        changes = [await anext(watch), await anext(watch)]
    assert [change.kind for change in changes] == ["diff", "diff"]
    assert (names(changes[0].joins), names(changes[1].leaves)) == (["b"], ["a"])
    [asked] = fake_server.connections[1].messages(Watch)
    assert (asked.epoch, asked.revision) == ("e1", 1)


async def test_after_a_restart_of_the_server_it_compares_with_a_new_snapshot(
    fake_server, observe, record, autojump_clock
):
    fake_server.records = {name: record(name) for name in "abc"}
    async with observe() as observer:
        watch = observer.watch()
        await anext(watch)
        await fake_server.restart()
        fake_server.records = {"b": record("b"), "c": record("c", note="hi"), "d": record("d")}
        change = await anext(watch)
    assert change.kind == "snapshot"
    assert names(change.joins) == ["d"]
    assert names(change.leaves) == ["a"]
    assert names(change.updates) == ["c"]
    assert list(change.view) == ["b", "c", "d"]


async def test_a_link_that_breaks_between_pages_starts_the_snapshot_over(
    fake_server, observe, record, autojump_clock
):
    fake_server.records = {name: record(name) for name in "abcd"}
    fake_server.page = 2
    whole = fake_server.answers[Watch]

    def first_page_only(connection, message):
        fake_server.answers[Watch] = whole
        return whole(connection, message)[:1]

    fake_server.answers[Watch] = first_page_only
    changes = []

    async def look(observer):
        async for change in observer.watch():
            changes.append(change)  # noqa: PERF401 (it never ends)

    async with observe() as observer, trio.open_nursery() as nursery:
        nursery.start_soon(look, observer)
        await trio.sleep(1)
        assert changes == []
        del fake_server.records["a"]
        await fake_server.cut()
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert [names(change.joins) for change in changes] == [["b", "c", "d"]]


async def test_several_watches_on_one_link_do_not_disturb_each_other(
    fake_server, observe, record, autojump_clock
):
    fake_server.records = {"a": record("a")}
    async with observe() as observer:
        first = observer.watch()
        await anext(first)
        await fake_server.change(joins=[record("b")])
        second = observer.watch()
        assert list((await anext(second)).view) == ["a", "b"]
        assert names((await anext(first)).joins) == ["b"]
        fake_server._watchers = fake_server._watchers[:1]  # a server tells a link once
        await fake_server.change(joins=[record("c")])
        for watch in (first, second):
            assert list((await anext(watch)).view) == ["a", "b", "c"]


async def test_a_gap_is_mended_by_asking_for_a_snapshot(
    fake_server, observe, record, autojump_clock
):
    async with observe() as observer:
        watch = observer.watch()
        await anext(watch)
        fake_server.records, fake_server.revision = {"x": record("x")}, 7
        fake_server.ring = []
        await fake_server.connections[0].send(Diff("e1", 7))
        change = await anext(watch)
    assert (change.kind, list(change.view), change.view.revision) == ("snapshot", ["x"], 7)
    assert fake_server.connections[0].messages(Watch)[-1].revision == 0


async def test_a_gap_that_stays_is_mended_by_a_snapshot(
    fake_server, observe, record, autojump_clock
):
    whole = fake_server.answers[Watch]

    def skip_when_resuming(connection, message):
        if message.revision is None:
            return whole(connection, message)
        return [Diff("e1", message.revision, request_id=message.request_id), Diff("e1", 9)]

    fake_server.answers[Watch] = skip_when_resuming
    async with observe() as observer:
        watch = observer.watch()
        await anext(watch)
        fake_server.records, fake_server.revision = {"x": record("x")}, 9
        await fake_server.connections[0].send(Diff("e1", 9))
        assert list((await anext(watch)).view) == ["x"]
    asked = [message.revision for message in fake_server.connections[0].messages(Watch)]
    assert asked == [None, 0, None]


# --- several on one link: the server keeps the latest watch of a link, and no other


@pytest.fixture
def one_watch_a_link(fake_server, nursery):
    """Send each snapshot a page a second, and drop the rest when the link watches anew."""
    whole, latest = fake_server.answers[Watch], {}

    async def send_rest(connection, message, pages):
        for page in pages:
            await trio.sleep(1)
            if latest[connection] is message:
                await connection.send(page)

    def answer(connection, message):
        latest[connection] = message
        first, *rest = whole(connection, message)
        nursery.start_soon(send_rest, connection, message, rest)
        fake_server._watchers.clear()  # one that stays is added by who called
        return [first]

    fake_server.answers[Watch] = answer
    return fake_server


async def test_watches_that_begin_together_all_get_their_snapshot(
    one_watch_a_link, observe, record, autojump_clock
):
    one_watch_a_link.records = {name: record(name) for name in "abcdef"}
    one_watch_a_link.page = 2
    seen = []

    async def look(observer):
        watch = observer.watch()
        seen.append(list((await anext(watch)).view))
        seen.append(list((await anext(watch)).view))

    with trio.fail_after(60):
        async with observe() as observer, trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(look, observer)
            await trio.sleep(30)
            await one_watch_a_link.change(joins=[record("g")])
    assert seen == [list("abcdef")] * 3 + [list("abcdefg")] * 3


async def test_what_another_watch_cut_off_is_asked_for(
    one_watch_a_link, observe, record, autojump_clock
):
    async with observe() as observer:
        first, second = observer.watch(), observer.watch()
        await anext(first)
        one_watch_a_link._watchers.clear()  # the diff has not left when the second one asks
        await one_watch_a_link.change(joins=[record("a")])
        assert list((await anext(second)).view) == ["a"]
        with trio.fail_after(5):
            change = await anext(first)
    assert (change.kind, names(change.joins)) == ("diff", ["a"])


@pytest.mark.parametrize("forget", [False, True])
async def test_a_watch_given_up_in_its_snapshot_lets_the_next_one_ask(
    one_watch_a_link, observe, record, autojump_clock, forget
):
    one_watch_a_link.records = {name: record(name) for name in "abcdef"}
    one_watch_a_link.page = 2
    async with observe() as observer:
        abandoned = observer.watch()
        with trio.move_on_after(0.5):
            await anext(abandoned)
        if forget:
            del abandoned
            gc.collect()
        with trio.fail_after(5):
            assert len((await anext(observer.watch())).view) == 6


async def test_a_watch_given_up_and_never_answered_lets_the_next_one_ask(
    fake_server, observe, autojump_clock
):
    whole = fake_server.answers[Watch]
    fake_server.answers[Watch] = lambda _, __: []
    async with observe() as observer:
        with trio.move_on_after(1):
            await anext(observer.watch())
        fake_server.answers[Watch] = whole
        await anext(observer.watch())
    assert trio.current_time() == pytest.approx(11, abs=0.1)


async def test_one_that_waits_for_its_turn_goes_on_with_the_next_link(
    fake_server, observe, nursery, autojump_clock
):
    whole = fake_server.answers[Watch]
    fake_server.answers[Watch] = lambda _, __: []
    kinds = []

    async def look(observer):
        kinds.append((await anext(observer.watch())).kind)

    async with observe() as observer:
        with trio.fail_after(5):
            async with trio.open_nursery() as both:
                both.start_soon(look, observer)
                both.start_soon(look, observer)
                await trio.sleep(1)
                fake_server.answers[Watch] = whole
                await fake_server.cut()
    assert kinds == ["snapshot", "snapshot"]


async def test_a_snapshot_that_stops_between_two_pages_is_lost(
    fake_server, observe, record, autojump_clock
):
    fake_server.records = {name: record(name) for name in "abcd"}
    fake_server.page = 2
    whole = fake_server.answers[Watch]
    fake_server.answers[Watch] = lambda *args: whole(*args)[:1]
    async with observe() as observer:
        watch = observer.watch()
        with pytest.raises(LinkLost, match="no answer to watch within 10 s"):
            await anext(watch)
        fake_server.answers[Watch] = whole
        assert len((await anext(watch)).view) == 4
    assert trio.current_time() == pytest.approx(10, abs=0.1)


# --- the ends of a watch


async def test_a_program_that_falls_far_behind_holds_little_and_catches_up(
    fake_server, observe, record, autojump_clock
):
    async with observe() as observer:
        watch = observer.watch()
        await anext(watch)
        for n in range(watching.BACKLOG + 10):
            await fake_server.change(joins=[record(f"c{n}")])
            await wait_all_tasks_blocked()
        assert len(watch._inbox) <= watching.BACKLOG
        async for change in watch:
            if len(change.view) == watching.BACKLOG + 10:
                break
    assert len(fake_server.connections[0].messages(Watch)) == 2


async def test_a_watch_ends_when_the_presence_does(fake_server, connect, autojump_clock):
    changes = []

    async def look(presence):
        async for change in presence.watch():
            changes.append(change)  # noqa: PERF401 (it ends by leaving)

    async with connect() as presence, trio.open_nursery() as nursery:
        nursery.start_soon(look, presence)
        await trio.sleep(1)
        await presence.leave()
    assert len(changes) == 1


async def test_a_watch_that_waits_for_a_link_ends_when_the_presence_does(
    fake_server, connect, autojump_clock
):
    ended = trio.Event()

    async def look(presence):
        async for _ in presence.watch():
            pass
        ended.set()

    async with connect() as presence, trio.open_nursery() as nursery:
        nursery.start_soon(look, presence)
        fake_server.down = True
        await fake_server.cut()
        await trio.sleep(10)
        await presence.leave()
        with trio.fail_after(5):
            await ended.wait()


async def test_a_diff_for_another_watch_on_the_link_does_not_precede_our_answer(
    fake_server, observe, record, autojump_clock
):
    whole = fake_server.answers[Watch]
    others = Diff("e1", 5, joins=[record("ghost")])
    fake_server.answers[Watch] = lambda *args: [others, *whole(*args)]
    async with observe() as observer:
        change = await anext(observer.watch())
    assert (change.kind, change.joins) == ("snapshot", [])
    assert len(fake_server.connections[0].messages(Watch)) == 1


async def test_a_refused_watch_says_why(fake_server, observe, autojump_clock):
    fake_server.answers[Watch] = lambda _, message: [
        Error("forbidden", "observers only", request_id=message.request_id)
    ]
    async with observe() as observer:
        with pytest.raises(Refused, match="observers only"):
            await anext(observer.watch())


async def test_a_watch_that_is_not_answered_is_lost(fake_server, observe, autojump_clock):
    fake_server.answers[Watch] = lambda _, __: []
    async with observe() as observer:
        with pytest.raises(LinkLost, match="no answer to watch within 10 s"):
            await anext(observer.watch())


async def test_a_resumed_watch_that_is_not_answered_is_lost_too(
    fake_server, observe, autojump_clock
):
    async with observe() as observer:
        watch = observer.watch()
        await anext(watch)
        fake_server.answers[Watch] = lambda _, __: []
        await fake_server.cut()
        with pytest.raises(LinkLost, match="no answer to watch within 10 s"):
            await anext(watch)


async def test_a_step_given_up_loses_no_change(fake_server, observe, record, autojump_clock):
    async with observe() as observer:
        watch = observer.watch()
        for _ in range(3):
            with trio.move_on_after(0):
                await anext(watch)
        assert (await anext(watch)).kind == "snapshot"
        with trio.move_on_after(5):
            await anext(watch)
        await fake_server.change(joins=[record("a")])
        await fake_server.change(joins=[record("b")])
        with trio.move_on_after(0):
            await anext(watch)
        assert names((await anext(watch)).joins) == ["a"]
        assert names((await anext(watch)).joins) == ["b"]


async def test_a_watch_that_nobody_holds_is_forgotten(fake_server, observe, record, autojump_clock):
    async with observe() as observer:
        async for _ in observer.watch():
            break
        gc.collect()
        receivers = observer._supervisor.current()._receivers
        assert len(receivers) == 0
        await fake_server.change(joins=[record("a")])
        await observer.ping()
