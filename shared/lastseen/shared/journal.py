"""The systemd journal as an output: it adds the time to each line itself."""

import os
from collections.abc import Mapping
from typing import TextIO


def is_journal(environ: Mapping[str, str], stream: TextIO) -> bool:
    """Whether `stream` leads to the systemd journal.

    systemd sets JOURNAL_STREAM to `device:inode` of the stream that it connected (systemd.exec(5)).
    The variable alone proves nothing: a child of a service inherits it, also when its output goes
    elsewhere.
    """
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):  # closed, or no file at all
        return False
    return environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"
