"""The C library sets no memory aside for each thread."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from lastseen.server.allocator import ARENAS

ALLOCATE = """
import ctypes, sys, threading
from lastseen.server import allocator

allocator.spare()
library = ctypes.CDLL(None)
library.fopen.restype = library.malloc.restype = ctypes.c_void_p
together = threading.Barrier(8)

def allocate():
    library.malloc(100_000)
    together.wait()

threads = [threading.Thread(target=allocate) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
file = ctypes.c_void_p(library.fopen(sys.argv[1].encode(), b"w"))
library.malloc_info(0, file)
library.fclose(file)
"""


def arenas(folder: Path, **environment: str) -> int:
    """How many there are after eight threads have allocated at the same time, as glibc says."""
    told = folder / "malloc_info.xml"
    clean = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    command = [sys.executable, "-c", ALLOCATE, str(told)]
    subprocess.run(command, check=True, env=clean | environment)
    return told.read_text().count("<heap ")


glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")


@glibc
def test_threads_share_a_few_arenas(tmp_path: Path):
    assert arenas(tmp_path) <= ARENAS


@glibc
def test_what_the_environment_says_of_arenas_holds(tmp_path: Path):
    assert arenas(tmp_path, MALLOC_ARENA_MAX="6") == 6
