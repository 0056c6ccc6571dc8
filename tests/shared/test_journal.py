"""Only the stream that systemd connected is the journal."""

import io
import os
from pathlib import Path

from lastseen.shared.journal import is_journal


def test_only_the_stream_that_systemd_named_is_the_journal(tmp_path: Path):
    with (tmp_path / "journal").open("w") as journal, (tmp_path / "other").open("w") as other:
        found = os.fstat(journal.fileno())
        environ = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
        assert is_journal(environ, journal)
        assert not is_journal(environ, other)
        assert not is_journal({}, journal)
    assert not is_journal(environ, journal)  # closed
    assert not is_journal(environ, io.StringIO())  # no file
