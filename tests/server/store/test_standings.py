"""Where channels stand with clients, in both databases."""

from lastseen.server.store.telling import Standing, Telling

NOW = 1_800_000_000.0


def test_a_standing_comes_back_as_it_was_kept(store):
    full = Standing(
        channel="hook",
        client_id="web-01",
        said="flapping",
        offline=False,
        changed_at=NOW + 0.25,
        notice={"client": {"name": "é \U0001f600"}},
        since=NOW - 5,
        muted="flapping",
        held="key-1",
        held_until=NOW + 30,
        remind_at=NOW + 60.000001,
        epoch="run-1",
        number=2**40,
        knew="offline",
        thread="key-0",
    )
    store.tell(Telling(standings=(full,)))
    assert store.deliveries.standings() == [full]


def test_there_is_one_standing_for_each_channel_and_client_the_last(store, standing):
    store.tell(Telling(standings=(standing("a"), standing("a", said="online", since=1.0))))
    store.tell(Telling(standings=(standing("a", "mail"), standing("b"))))
    store.tell(Telling(standings=(standing("b", offline=False),)))
    assert store.deliveries.standings() == [
        standing("a", said="online", since=1.0),
        standing("a", "mail"),
        standing("b", offline=False),
    ]


def test_what_is_settled_is_no_more(store, standing):
    store.tell(Telling(standings=(standing("a"), standing("a", "mail"), standing("b"))))
    store.tell(Telling(settled=(("hook", "a"), ("mail", "b"))))
    assert store.deliveries.standings() == [standing("a", "mail"), standing("b")]


def test_standings_are_read_in_pages(store, standing):
    names = [(f"c{n}", channel) for n in range(4) for channel in ("hook", "mail", "push")]
    store.tell(Telling(standings=tuple(standing(*name) for name in names)))
    found, after = [], None
    while page := store.deliveries.standings(after, limit=5):
        found += page
        after = page[-1]
    assert [(s.client_id, s.channel) for s in found] == names


def test_standings_of_those_who_went_long_ago_are_forgotten_and_of_those_present_never(
    store, standing
):
    gone = [standing(f"c{n}", changed_at=NOW + n) for n in range(4)]
    here = standing("here", changed_at=NOW - 1_000, offline=False, said="flapping")
    store.tell(Telling(standings=(*gone, here)))
    assert store.deliveries.forget_standings_before(NOW + 3, limit=2) == 2
    assert store.deliveries.forget_standings_before(NOW + 3, limit=2) == 1
    assert store.deliveries.standings() == [gone[3], here]
