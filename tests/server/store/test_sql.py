"""What the statements of several files share."""

import gc

from lastseen.server.store.telling import Telling

WRITES = 50


def test_writing_often_leaves_nothing_for_the_collector(store, known, standing):
    def write():
        store.record([], [known("web-01")], Telling(standings=(standing("web-01"),)))

    write()
    gc.collect()
    for _ in range(WRITES):
        write()
    assert gc.collect() < WRITES
