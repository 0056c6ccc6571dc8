"""Records in as many frames as they need: each once, in order, none too large."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lastseen.shared.fitting import RECORDS_BYTES, in_frames, that_fit
from lastseen.shared.framing import FRAME_LIMIT
from lastseen.shared.wire import pack

sizes = st.lists(st.sampled_from([0, 1, 100, 20_000, 30_000, RECORDS_BYTES - 5]), max_size=30)


@given(sizes)
def test_each_record_comes_once_in_order_and_every_run_fits(sizes):
    records = [b"x" * size for size in sizes]
    runs = list(in_frames(records))
    assert [record for run in runs for record in run] == records
    assert all(run and sum(len(pack(r)) for r in run) <= RECORDS_BYTES for run in runs)


@given(sizes)
def test_no_run_could_have_taken_the_next_record_too(sizes):
    runs = list(in_frames([b"x" * size for size in sizes]))
    for run, following in pairwise(runs):
        assert sum(map(len, map(pack, [*run, following[0]]))) > RECORDS_BYTES


def test_records_leave_room_in_the_frame_for_the_message_around_them():
    assert FRAME_LIMIT - RECORDS_BYTES == 4096


def test_no_records_are_no_runs():
    assert list(in_frames([])) == []
    assert that_fit([]) == []


def test_one_that_fits_no_frame_comes_alone_rather_than_never():
    large = b"x" * FRAME_LIMIT
    assert list(in_frames([b"a", large, b"b"])) == [[b"a"], [large], [b"b"]]


def test_those_that_fit_are_the_first_run_and_no_more_are_looked_at():
    looked_at = []

    def records():
        for number in range(100):
            looked_at.append(number)
            yield b"x" * 20_000

    assert that_fit(records()) == [b"x" * 20_000] * 3
    assert looked_at == [0, 1, 2, 3]
