"""Paths as they are routed: below `base_path`, each segment percent-encoded in one way. Pure.

Servers decode a path before they hand it on, and then a slash in an id looks like one between
segments. So paths are routed as they came, and only a handler decodes its segment.
"""

from urllib.parse import quote, unquote_to_bytes

import msgspec

from lastseen.server.http.problems import Problem
from lastseen.shared.explain import explain
from lastseen.shared.messages import ClientId


def routed(raw: bytes, base_path: str) -> str | None:
    """The path below `base_path`; None for one that is not below it, or no path at all.

    Empty segments are none of ours: the framework would take `//` for `/`.
    """
    path = _normal(raw.partition(b"?")[0])
    if path is None or not (path == base_path or path.startswith(f"{base_path}/")):
        return None
    below = path[len(base_path) :]
    return None if "//" in below else below


class _Named(msgspec.Struct):
    client_id: ClientId


def client_id_in(segment: str) -> str:
    """The id that a segment of a path names.

    Raises:
        Problem: It is no legal id.
    """
    try:
        document = {"client_id": unquote_to_bytes(segment).decode()}
        return msgspec.convert(document, _Named).client_id
    except UnicodeDecodeError:
        raise Problem("bad_request", "client_id: expected UTF-8, percent-encoded") from None
    except msgspec.ValidationError as error:
        raise Problem("bad_request", explain(error, document, _Named)) from None


def path_of(client_id: str) -> str:
    """An id as a segment of a path."""
    return quote(client_id, safe="")


def _normal(raw: bytes) -> str | None:
    """The path with each segment encoded alike, so that a needless `%61` is an `a`."""
    if not raw.startswith(b"/"):
        return None
    return "/".join(quote(unquote_to_bytes(segment), safe="") for segment in raw.split(b"/"))
