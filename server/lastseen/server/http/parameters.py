"""A query parameter that a path does not know is refused: passed over, a misspelt filter would list
everyone.
"""

import difflib
from collections.abc import Callable
from functools import cache
from typing import Any, get_args, get_type_hints

from litestar import Request
from litestar.params import QueryParameter

from lastseen.server.http.problems import Problem
from lastseen.shared.explain import shown

API = "/api/"
"""What begins so is ours alone. Pages and probes are asked for with what others append."""


async def refuse_unknown(request: Request[Any, Any, Any]) -> None:
    """To be called before a handler.

    Raises:
        Problem: `bad_request`, with the parameter and the one that was probably meant.
    """
    if request.query_params and request.url.path.startswith(API):
        known = _known(request.route_handler.fn)
        for name in request.query_params:
            if name not in known:
                raise Problem("bad_request", _sentence(name, known))


def _sentence(name: str, known: tuple[str, ...]) -> str:
    """Shape: ``stat: no such parameter; did you mean status?``"""
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        hint = f"did you mean {near[0]}?"
    else:
        hint = f"expected {', '.join(known)}" if known else "this path takes none"
    return f"{shown(name)}: no such parameter; {hint}"


@cache
def _known(handle: Callable[..., Any]) -> tuple[str, ...]:
    """The parameters of a handler, as they are called in the query."""
    hints = get_type_hints(handle, include_extras=True).items()
    found = ((name, part) for name, hint in hints for part in get_args(hint)[1:])
    return tuple(part.name or name for name, part in found if isinstance(part, QueryParameter))
