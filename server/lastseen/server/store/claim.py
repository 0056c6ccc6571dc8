"""One database is one server's: who serves from it claims it, and a second one is refused.

A claim dies with the process, however that ends, so there is nothing to tidy up after a kill. For
an SQLite file it is a lock on a companion of it, `FILE-lock`. On the file itself it would do harm:
whoever closes that once more drops the locks that SQLite has on it, for the whole process
(https://www.sqlite.org/howtocorrupt.html, section 2.2). For PostgreSQL it is the lock of a session.
"""

import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from lastseen.server.store.database import Database, translated
from lastseen.server.store.errors import StoreUnusable

LOCK = 0x6C617374
"""A number for PostgreSQL's advisory locks of two halves: `last` in ASCII. The other half is the
schema, of which one database may hold several."""

_KEEPALIVE = {"tcp_keepalives_idle": 5, "tcp_keepalives_interval": 5, "tcp_keepalives_count": 2}
"""PostgreSQL's own: when this machine is gone, it is known in 15 s and the claim is free; by the
system's defaults it would be 2 hours."""

_LONGEST_NUMBER = 20
"""Digits of a process."""

GiveUp = Callable[[], None]
"""Ends a claim; so does the end of the process."""


def claim_file(path: Path) -> GiveUp:
    """Claim an SQLite file, which need not exist.

    Raises:
        StoreUnusable: It is claimed, or its companion cannot be made.
    """
    real = path.resolve()  # whatever link leads to it
    companion = real.with_name(f"{real.name}-lock")
    try:
        held = os.open(companion, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreUnusable(f"{companion} cannot be made: {error.strerror}") from error
    try:
        _lock(held)
        _hand_over(held, real)
    except BaseException:
        os.close(held)
        raise
    return lambda: os.close(held)


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
        raise _claimed(os.pread(held, _LONGEST_NUMBER, 0).decode("ascii", "replace")) from None
    try:
        os.ftruncate(held, 0)
        os.pwrite(held, str(os.getpid()).encode(), 0)
    except OSError:  # a full disk, say: the number is only told to whoever comes second
        return


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
