"""Where a channel stands, by a clock that was set back across a restart."""

from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.config.sections.channels import Channel
from lastseen.server.notify.outbox import Outbox
from lastseen.server.notify.standing import begun_by
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
    assert outbox.tick(NOW + 599).deliveries == ()
    assert [told.kind for told in outbox.tick(NOW + 601).deliveries] == ["offline"]
