"""When the server was awake, in both databases."""

from lastseen.server.store.model import Run

NOW = 1_800_000_000.0


def test_before_the_first_start_there_was_no_run(store):
    assert store.last_run() is None


def test_a_run_that_was_killed_is_not_clean_and_ends_at_its_last_heartbeat(store):
    store.begin_run("one", NOW, 0.0)
    store.beat("one", NOW + 10, 0.0)
    assert store.last_run() == Run("one", NOW, NOW + 10, clean=False)


def test_a_run_that_ended_on_purpose_is_clean(store):
    store.begin_run("one", NOW, 700.0)
    store.end_run("one", NOW + 11.5, 711.25)
    assert store.last_run() == Run("one", NOW, NOW + 11.5, clean=True, awake=711.25)


def test_a_heartbeat_is_of_its_own_epoch(store):
    store.begin_run("one", NOW, 0.0)
    store.begin_run("two", NOW + 100, 0.0)
    store.beat("one", NOW + 50, 0.0)
    assert store.last_run() == Run("two", NOW + 100, NOW + 100, clean=False)


def test_what_a_run_slept_through_was_not_watched(store, known, event):
    store.record([event("a", "online", at=NOW)], [known("a")])
    store.begin_run("one", NOW, 0.0)
    store.beat("one", NOW + 10, 0.0)
    store.begin_run("one", NOW + 90, 0.0)  # awake again
    store.beat("one", NOW + 100, 0.0)
    [found] = store.uptime("a", [100], NOW + 100).items
    assert found.windows[0].watched_seconds == 20


def test_old_runs_are_forgotten_but_never_the_last(store):
    for n in range(4):
        store.begin_run(f"run-{n}", NOW + n, 0.0)
    assert store.forget_runs_before(NOW + 100, limit=2) == 2
    assert store.forget_runs_before(NOW + 100, limit=2) == 1
    assert store.last_run().epoch == "run-3"
    assert store.counts().runs == 1
