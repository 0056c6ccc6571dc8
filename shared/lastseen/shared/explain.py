"""Validation errors as sentences that name the field, what was expected and the value met.

msgspec says ``Expected `int` >= 10 - at `$.server.port` ``; people also want to know what they wrote,
and what they may write instead.
"""

import re
from typing import Any

import msgspec.inspect

_WHERE = re.compile(r"^(?P<what>.*?) - at `(?P<where>(?:key in )?\$[^`]*)`$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_PATTERN = re.compile(r"`str` matching regex .*", re.DOTALL)
_LONGEST_VALUE = 60


def explain(error: Exception, document: object, expected: Any) -> str:
    """One sentence for a `msgspec.ValidationError` met while converting `document` to `expected`.

    Shape: ``server.port: expected `int`, got 'eighty'``.
    """
    match = _WHERE.match(str(error))
    what, where = (match["what"], match["where"]) if match else (str(error), "$")
    what = what.removeprefix("Object ")
    what = what[:1].lower() + what[1:]
    what = _PATTERN.sub("text without control characters", what)
    in_key = where.startswith("key in ")
    steps = [a or b for a, b in _STEP.findall(where.removeprefix("key in ").removeprefix("$"))]
    choices = _choices(msgspec.inspect.type_info(expected), steps)
    if choices:
        what = "expected one of " + ", ".join(map(repr, choices))
    found, value = (False, None) if in_key or not steps else _look_up(document, steps)
    if found and not what.startswith(("missing", "contains")):
        # "…, got `str`" names the type; the value itself says more.
        what = re.sub(r", got `\w+`$", "", what) + f", got {shown(value)}"
    path = re.sub(r"\.(\d+|\.\.\.)(?=\.|$)", r"[\1]", ".".join(steps))
    return f"{path}: {what}" if path else what


def shown(value: object) -> str:
    """A value as a person should meet it in a sentence: quoted, and not too long."""
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _look_up(document: Any, steps: list[str]) -> tuple[bool, object]:
    for step in steps:
        try:
            document = document[int(step) if isinstance(document, list | tuple) else step]
        except (KeyError, IndexError, TypeError, ValueError):
            return False, None
    return True, document


def _choices(kind: Any, steps: list[str]) -> tuple[object, ...]:
    """The values a Literal field may take, where the path leads to one."""
    for step in steps:
        kind = _step_into(kind, step)
    options = kind.types if isinstance(kind, msgspec.inspect.UnionType) else (kind,)
    literals = [o.values for o in options if isinstance(o, msgspec.inspect.LiteralType)]
    return tuple(literals[0]) if literals else ()


def _step_into(kind: Any, step: str) -> Any:
    options = kind.types if isinstance(kind, msgspec.inspect.UnionType) else (kind,)
    for option in options:
        for field in getattr(option, "fields", ()):
            if field.encode_name == step:
                return field.type
    return None
