"""Paths as they are routed: below `base_path`, each segment percent-encoded in one way. Pure.

Servers decode a path before they hand it on, and then a slash in an id looks like one between
segments. So paths are routed as they came, and only a handler decodes its segment.
"""

from functools import cache
from typing import Any
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


def client_id_in(segment: str) -> str:
    """The id that a segment of a path names.

    Raises:
        Problem: It is no legal id.
    """
    return legal(text_in(segment, "client_id"), ClientId, "client_id")


def text_in(segment: str, name: str) -> str:
    """The text of a segment; `name` is what it is called in a refusal.

    Raises:
        Problem: It is not UTF-8.
    """
    try:
        return unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        raise Problem("bad_request", f"{name}: expected UTF-8, percent-encoded") from None


def legal(text: str, kind: Any, name: str) -> str:  # noqa: ANN401 - an annotated type
    """A text that is of a kind with bounds of its own.

    Raises:
        Problem: It is not.
    """
    named = _named(name, kind)
    document = {name: text}
    try:
        msgspec.convert(document, named)
    except msgspec.ValidationError as error:
        raise Problem("bad_request", explain(error, document, named)) from None
    return text


@cache
def _named(name: str, kind: Any) -> type[msgspec.Struct]:  # noqa: ANN401 - an annotated type
    """A class with one field. Making one takes long, and it refers to itself: once is enough."""
    return msgspec.defstruct("Named", [(name, kind)])


def path_of(client_id: str) -> str:
    """An id as a segment of a path."""
    return quote(client_id, safe="")


def _normal(raw: bytes) -> str | None:
    """The path with each segment encoded alike, so that a needless `%61` is an `a`."""
    if not raw.startswith(b"/"):
        return None
    return "/".join(quote(unquote_to_bytes(segment), safe="") for segment in raw.split(b"/"))
