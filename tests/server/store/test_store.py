"""What is acknowledged stays: a process that writes is killed in the middle of it."""

import os
import signal
import subprocess
import sys

from lastseen.server.store.opening import open_store

WRITER = """
import sys
from lastseen.server.store.model import Event
from lastseen.server.store.opening import open_store

store = open_store(sys.argv[1])
number = int(sys.argv[2])
while True:
    number += 1
    event = Event("a", "offline", "online", "registered", 1.0, 1.0, None, "e", "", 0, number)
    store.record([event])
    print(number, flush=True)
"""


def written_until_killed(url, number):
    """The last number that the writer said was recorded."""
    command = [sys.executable, "-c", WRITER, url, str(number)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        said = [process.stdout.readline() for _ in range(50)]
        os.kill(process.pid, signal.SIGKILL)
        said += process.stdout.readlines()
    return int([line for line in said if line.endswith("\n")][-1])


def test_a_writer_that_is_killed_loses_nothing_that_it_was_told_is_recorded(url):
    acknowledged = 0
    for _ in range(3):
        acknowledged = written_until_killed(url, acknowledged)
        store = open_store(url)  # looks the file through
        found = {event.number for event in store.history("a", limit=100_000)}
        store.close()
        assert found >= set(range(1, acknowledged + 1))
        assert len(found) - acknowledged <= 1  # recorded, and killed before it could say so


def test_counts_are_of_everything(store, known, event):
    store.record([event("web-01", "online")] * 3, [known(), known("b")])
    store.begin_run("run-1", 0.0, 0.0)
    counts = store.counts()
    assert (counts.clients, counts.events, counts.runs) == (2, 3, 1)
