"""The form that `store.url` must have, told without its password and without SQLAlchemy.

`store/engines.py` makes connections of every URL that passes here. What it splits, this splits by
the same marks, and refuses what it would take for something else than was meant: a host in a URL of
SQLite, say, or a password with an @ in it.
"""

import re

from lastseen.server.config.secret import UNSHOWN
from lastseen.shared.explain import shown

STORE_URL = "store.url"
"""The dotted key."""

NO_STORE = "none"
"""A server that remembers nothing."""

_SQLITE = re.compile(r"sqlite(\+pysqlite)?:///(?!:memory:(\?|$))[^?]+(\?.*)?")
_POSTGRESQL = re.compile(
    r"postgresql(\+psycopg)?://"
    r"([^:/@]*(:[^@]*)?@)?"  # user and password: whatever is up to the first @
    r"(\[[^]/?]+\]|[^:/?@\[\]]+)?(:(?P<port>[0-9]{1,5}))?"
    r"(/[^?]*)?(\?.*)?"
)
_USER = re.compile(r"(?P<before>[^:/]+://[^:/@]*:)(?P<password>[^@]*)(?=@)")
_PARAMETER = re.compile(r"([?&][^=&]*(?:password|pass)=)[^&]*", re.IGNORECASE)

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=://)")


def problem_with(url: str) -> str | None:
    """What is wrong with a `store.url`, as `expected …, got …`; None: nothing."""
    if url == NO_STORE or _SQLITE.fullmatch(url):
        return None
    found = _POSTGRESQL.fullmatch(url)
    if found and int(found["port"] or 1) in range(1, 65536):
        return None
    return (
        "expected sqlite:///FILE, postgresql+psycopg://USER:PASSWORD@HOST/NAME (in which an @ of"
        f' the password is written %40), or "{NO_STORE}", got {_without_secrets(url)}'
    )


def without_password(url: str) -> str:
    """A URL that `problem_with` finds nothing wrong with, as it may be shown."""
    found = _USER.match(url)
    if found and found["password"]:
        url = f"{found['before']}{UNSHOWN}{url[found.end('password') :]}"
    return _PARAMETER.sub(rf"\1{UNSHOWN}", url)


def _without_secrets(url: str) -> str:
    """As much of a URL as cannot hold a password: all that an SQLite file or a mere word is."""
    scheme = _SCHEME.match(url)
    if "@" not in url and (url.startswith("sqlite:") or ":" not in url):
        return shown(url)
    return f"'{scheme[0]}://…'" if scheme else "something else (not shown: it may hold a password)"
