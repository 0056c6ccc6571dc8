"""One database belongs to one server: the server claims it, and a second one is refused.

A claim ends with the process, however that ends, so there is nothing to tidy up after a kill. For
an SQLite file it is a lock on a companion of it, `FILE-lock`. On the file itself it would do harm:
whoever closes that once more drops the locks that SQLite has on it, for the whole process
(https://www.sqlite.org/howtocorrupt.html, section 2.2). For PostgreSQL it is the lock of a session.
"""

import errno
import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sqlalchemy import text

from lastseen.server.store.companions import companion_of
from lastseen.server.store.database import Database, translated
from lastseen.server.store.errors import StoreUnusable

LOCK = 0x6C617374
"""A number for PostgreSQL's advisory locks of two halves: `last` in ASCII. The other half is the
schema, of which one database may hold several."""

_KEEPALIVE = {"tcp_keepalives_idle": 5, "tcp_keepalives_interval": 5, "tcp_keepalives_count": 2}
"""PostgreSQL's own: when this machine is gone, it is known in 15 s and the claim is free; by the
system's defaults it would be 2 hours."""

_LONGEST_NOTE = 100
"""Bytes of a note that are read: a process and two numbers have 33 at most."""

GiveUp = Callable[[], None]
"""Ends a claim; so does the end of the process."""


class FileClaim:
    """The claim on an SQLite file, which need not exist yet.

    Attributes:
        noted: The numbers that the last server noted for its file (`companions`).
    """

    def __init__(self, path: Path) -> None:
        """Claim the file. To be called while this process has no connection to it.

        Raises:
            StoreUnusable: It is claimed, or its companion cannot be made.
        """
        self._file = path
        self._path = companion_of(path, "-lock")
        self._held = self._take()
        self.noted = _read_note(self._held)[1]

    def note(self, stamps: list[int]) -> None:
        """Note which process holds the claim, and which numbers its file may have.

        Raises:
            StoreUnusable: The note cannot be written.
        """
        words = " ".join(map(str, [os.getpid(), *stamps]))
        try:
            os.ftruncate(self._held, 0)
            os.pwrite(self._held, f"{words}\n".encode(), 0)
            os.fsync(self._held)  # the file gets its number only after that
        except OSError as error:
            raise StoreUnusable(f"{self._path} cannot be written: {error.strerror}") from error

    def give_up(self) -> None:
        """End the claim. Its companion goes, unless a `-wal` that is left needs the note."""
        wal = companion_of(self._file, "-wal")
        if not wal.exists() and _is_at(self._held, self._path):
            with suppress(OSError):  # one that stays does no harm
                self._path.unlink()
        os.close(self._held)

    def _take(self) -> int:
        while True:
            held = self._open()
            try:
                _lock(held)
                if _is_at(held, self._path):  # else the one before has just removed it
                    _hand_over(held, self._file)
                    return held
            except BaseException:
                os.close(held)
                raise
            os.close(held)

    def _open(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreUnusable(f"{self._path} cannot be made: {error.strerror}") from error


def claim_database(database: Database) -> GiveUp:
    """Claim the tables of a PostgreSQL database, on a connection of its own.

    Raises:
        StoreUnusable: They are claimed.
        StoreUnavailable: Try again later.
    """
    claims = text(f"SELECT pg_try_advisory_lock({LOCK}, hashtext(coalesce(current_schema(), '')))")
    with translated():
        connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()  # none of the pool's: it stays
        for setting, value in _KEEPALIVE.items():
            connection.execute(text(f"SET {setting} = {value}"))
        is_ours = connection.execute(claims).scalar()
    if not is_ours:
        connection.close()
        raise _claimed("")
    return connection.close


def _lock(held: int) -> None:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise StoreUnusable(f"it cannot be locked: {error.strerror}") from error
        raise _claimed(_read_note(held)[0]) from None


def _is_at(held: int, path: Path) -> bool:
    """Whether a path still leads to the file that is held."""
    try:
        return os.path.samestat(path.stat(), os.fstat(held))
    except OSError:
        return False


def _read_note(held: int) -> tuple[str, list[int]]:
    """The process that a note names, and the numbers; nothing where there is no whole note."""
    words = os.pread(held, _LONGEST_NOTE, 0).decode("ascii", "replace").split()
    if not words or not all(word.isdigit() for word in words):
        return "", []
    return words[0], [int(word) for word in words[1:]]


def _hand_over(held: int, file: Path) -> None:
    """What root made (by `sudo lastseen-server migrate`, say) is the file's owner's, as SQLite does
    it with its own companions: the server of another user could not open it.
    """
    if os.geteuid() == 0 and file.exists():
        owner = file.stat()
        os.fchown(held, owner.st_uid, owner.st_gid)


def _claimed(process: str) -> StoreUnusable:
    who = f"another lastseen-server (process {process})" if process.isdigit() else "another server"
    return StoreUnusable(
        f"{who} serves from it, and one database is one server's: stop that one, or set another"
        " store.url"
    )
