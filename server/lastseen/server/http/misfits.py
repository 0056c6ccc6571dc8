"""What is wrong with a request, in a sentence: the parameter, what was expected, what was met.

What a parameter is called and may be is read from the handler that it was meant for.
"""

import re
from typing import Any, Literal, get_args, get_origin

from litestar import Request
from litestar.exceptions import ValidationException
from litestar.typing import FieldDefinition

from lastseen.shared.explain import shown


def sentence(error: ValidationException, request: Request[Any, Any, Any]) -> str:
    """Shape: ``status: expected one of 'present', 'online', got 'gone'``."""
    found: list[dict[str, Any]] = error.extra if isinstance(error.extra, list) else []
    # Where one parameter is wrong, a body that was left out is told as if it were, too.
    wrong = [one for one in found if one["message"] != repr(one.get("key"))]
    parts = [_part(one, request) for one in wrong]
    return "; ".join(parts) or error.detail


def _part(one: dict[str, Any], request: Request[Any, Any, Any]) -> str:
    field = _fields(request).get(str(one.get("key", "")))
    key = _name(field) if field else str(one.get("key", ""))
    asked = request.query_params if one.get("source") == "query" else {}
    met = f", got {shown(asked[key])}" if key in asked else ""
    told = _expectation(str(one.get("message", "not valid")), field)
    if met:  # msgspec names the type, or the value as it is after all
        told = re.sub(r", got `\w+`$", "", told)
    return f"{key}: {told}{met}" if key else f"{told}{met}"


def _fields(request: Request[Any, Any, Any]) -> dict[str, FieldDefinition]:
    return dict(request.route_handler.parsed_fn_signature.parameters)


def _name(field: FieldDefinition) -> str:
    """As it is called in the query, which a word of the framework's own may forbid in the code."""
    given = (getattr(part, "name", None) for part in get_args(field.raw)[1:])
    return next((name for name in given if isinstance(name, str)), field.name)


def _expectation(message: str, field: FieldDefinition | None) -> str:
    choices = _choices(field.annotation) if field else []
    if choices and message.startswith("Invalid enum value"):
        return "expected one of " + ", ".join(map(repr, choices))
    return message[:1].lower() + message[1:]


def _choices(kind: Any) -> list[Any]:  # noqa: ANN401 (any annotation)
    """The values of a literal, also of one that may be left out."""
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    return [choice for member in get_args(kind) for choice in _choices(member)]
