"""How a run takes over alert states from the run before, whatever happened to the clock."""

from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.config.sections.channels import Channel
from lastseen.server.notify.outbox import Outbox
from lastseen.server.notify.restart import begun_by, resumed
from lastseen.server.store.telling import Standing

NOW = 1_800_000_000.0
MOMENTS = st.floats(NOW - 86_400, NOW + 86_400)


def standing(**fields: object) -> Standing:
    told = {
        "channel": "ops", "client_id": "web-01", "said": "offline", "offline": True,
        "changed_at": NOW, "notice": None,
    }  # fmt: skip
    return Standing(**(told | fields))


@given(MOMENTS, MOMENTS, st.floats(0, 86_400))
def test_an_outage_stays_the_one_that_was_told_and_another_stays_another(changed_at, now, before):
    for since in (changed_at, changed_at - before, None):
        kept = begun_by(standing(changed_at=changed_at, since=since), now)
        assert kept.changed_at <= now
        assert (kept.since == kept.changed_at) == (since == changed_at)


def test_what_lies_behind_is_as_it_was():
    before = standing(changed_at=NOW - 5, since=NOW - 5, remind_at=NOW + 30)
    assert begun_by(before, NOW) is before


def test_a_reminder_is_due_as_long_after_the_outage_as_before():
    kept = begun_by(standing(changed_at=NOW + 7200, remind_at=NOW + 7200 + 3600), NOW)
    assert kept.remind_at == NOW + 3600


def test_who_flapped_before_the_clock_was_set_back_is_told_of_when_it_is_steady():
    channel = Channel(name="ops", flap_threshold=3, flap_window=600)
    flapped = standing(said="flapping", muted="flapping", changed_at=NOW + 7200)
    outbox = Outbox([channel], lambda: "name")
    outbox.restore([begun_by(flapped, NOW)])
    assert outbox.tick(NOW + 599, NOW + 599).deliveries == ()
    assert [told.kind for told in outbox.tick(NOW + 601, NOW + 601).deliveries] == ["offline"]


# --- a delay goes on ---------------------------------------------------------------------------

AHEAD = st.sampled_from([0.0, 3600.0, -3600.0, -86_400.0, 100 * 86_400.0])


def held(until: float) -> Standing:
    return standing(since=NOW, held="key", held_until=until, remind_at=until + 3600)


@given(AHEAD, st.floats(0, 1000), st.floats(0.01, 3600))
def test_a_delay_goes_on_where_the_run_before_ended_whatever_the_clock_shows(ahead, away, left):
    ended = NOW + 7200
    now = ended + away + ahead
    kept = resumed(held(ended + left), ended, now, delay=3600, grace=0)
    assert abs(kept.held_until - (now + left)) < 1e-3
    assert abs(kept.remind_at - (kept.held_until + 3600)) < 1e-3
    assert (kept.since == kept.changed_at) is True


def test_a_delay_ends_after_the_grace_at_the_earliest():
    def due_in(left: float, **settings: float) -> float:
        return resumed(held(NOW + left), NOW, NOW + 100, **settings).held_until - NOW - 100

    assert due_in(1, delay=30, grace=5) == 5
    assert due_in(20, delay=30, grace=5) == 20
    assert due_in(1, delay=3, grace=5) == 3
    assert due_in(86_400, delay=30, grace=5) == 30  # the clock was set in the run before


def test_restarts_do_not_hide_an_outage():
    kept, now = held(NOW + 60), NOW
    while kept.held_until > now:
        kept = resumed(kept, now, now + 1, delay=60, grace=5)
        now += 1 + 8
        assert now < NOW + 90


def test_a_delay_that_was_over_is_over():
    before = held(NOW - 1)
    assert resumed(before, NOW, NOW + 100, delay=30, grace=5) is before
    assert resumed(before, NOW, NOW - 86_400, delay=30, grace=5).held_until <= NOW - 86_400


def test_a_reminder_is_due_as_long_after_the_restart_as_it_was_after_the_end():
    told = standing(changed_at=NOW - 100, since=NOW - 100, remind_at=NOW + 600)
    assert resumed(told, NOW, NOW - 86_400, delay=0, grace=5).remind_at == NOW - 86_400 + 600
    assert resumed(told, NOW, NOW + 300, delay=0, grace=5).remind_at == NOW + 600
