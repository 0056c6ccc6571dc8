"""Keeping Python's garbage collector from holding everyone up.

A full collection walks every container there is: some 40 ms with the store's libraries loaded, and
as much again among 100,000 clients. Nothing of the server's depends on being collected soon.
"""

import gc

COLLECT_EVERY = 10_000
"""Containers made, less those given back, between two collections of the young (Python's own: 700).
Full ones become as much rarer: writing 100,000 rows makes none, where it made ten."""


def spare() -> None:
    """To be called once the server has started: what was made until now lives as long as it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY, 10, 10)
