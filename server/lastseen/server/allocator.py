"""Keeping the C library from setting memory aside for each thread.

glibc gives every thread that allocates an arena of its own, up to eight for each core, and returns
little of what was once used there. Only one thread at a time runs Python, so all that it spares is
waiting for a lock that hardly anybody holds; it costs a megabyte or two for each of the threads in
which the store and senders wait: 20 MB of 125 in a soak, and half an hour of growing.
"""

import ctypes
import os

ARENAS = 2
"""One for the loop, one for all other threads."""

_M_ARENA_MAX = -8  # malloc.h


def spare() -> None:
    """To be called before there are threads. Where the C library is not glibc, or the environment
    says how many arenas there may be (MALLOC_ARENA_MAX), nothing is changed.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "gnu_get_libc_version") and "MALLOC_ARENA_MAX" not in os.environ:
        library.mallopt(_M_ARENA_MAX, ARENAS)
