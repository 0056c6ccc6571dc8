"""Validate what a program passes to the library, before anything is sent.

Every mistake is a `ValueError` with one sentence: the argument, the expected value, the actual one.
"""

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from lastseen.shared.address import parse_address
from lastseen.shared.errors import BadMessage
from lastseen.shared.explain import explain, shown
from lastseen.shared.framing import UNREGISTERED_LIMIT
from lastseen.shared.messages import Message, Register
from lastseen.shared.wire import from_client, pack

M = TypeVar("M", bound=Message)


def checked(message: M) -> M:
    """Return a message as it is sent, once it fits the rules that the server applies.

    A subclass of `str` or `int`, such as a `StrEnum`, becomes the plain value.

    Raises:
        ValueError: A field does not fit, or a `register` is too long.
    """
    name = str(message.__struct_config__.tag)
    fields = {key: _plain(value) for key, value in msgspec.structs.asdict(message).items()}
    try:
        plain = msgspec.convert({"type": name} | fields, type(message))
    except msgspec.ValidationError as error:
        raise ValueError(f"{name}: {explain(error, fields, type(message))}") from None
    try:
        payload = pack(plain)
        from_client.decode(payload)  # the server's own judgement has the last word
    except UnicodeEncodeError as error:
        raise ValueError(f"{name}: expected text, got {shown(error.object)}, not UTF-8") from None
    except BadMessage as error:
        raise ValueError(str(error)) from None
    if isinstance(message, Register) and len(payload) > UNREGISTERED_LIMIT:
        raise ValueError(
            f"register: expected at most {UNREGISTERED_LIMIT} bytes in all, got {len(payload)}: "
            "shorten `meta` or `groups`"
        )
    return plain


def address_of(server: object) -> tuple[str, int]:
    """Return the host and the port of a `server` argument."""
    if not isinstance(server, str):
        raise _misfit("server", "text like 'host:port'", server)
    return parse_address(server)


def groups_of(groups: object) -> tuple[Any, ...]:
    """Return a `groups` argument as a tuple. What it holds is for `checked` to judge."""
    if isinstance(groups, str):
        raise _misfit("groups", f"a list of texts, such as [{groups!r}]", groups)
    if isinstance(groups, bytes | Mapping) or not isinstance(groups, Iterable):
        raise _misfit("groups", "a list of texts", groups)
    return tuple(groups)


def mapping_of(name: str, value: object) -> dict[Any, Any]:
    """Return an argument that maps names to values as a dict; None: an empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _misfit(name, "a mapping, such as {'key': 'value'}", value)
    return dict(value)


def require_no_token(token: object) -> None:
    """Refuse a token: a program that passes one relies on a check that does not exist yet."""
    if token != "":
        raise ValueError(
            "token: expected none, as this version of lastseen does not check tokens yet: "
            "leave the argument out"
        )


def require_flag(name: str, value: object) -> None:
    """Refuse what is neither True nor False."""
    if not isinstance(value, bool):
        raise _misfit(name, "True or False", value)


def require_seconds(name: str, value: object) -> None:
    """Refuse what is not a positive, finite number."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < value < math.inf:  # type: ignore[operator]
        raise _misfit(name, "a positive number of seconds", value)


def require_function(name: str, value: object) -> None:
    """Refuse what cannot be called."""
    if not callable(value):
        raise _misfit(name, "a function", value)


def require_callback(name: str, value: Callable[..., object] | None) -> None:
    """Refuse what is neither None nor a function that runs to its end when it is called."""
    if value is None:
        return
    require_function(name, value)
    if inspect.iscoroutinefunction(value):
        raise _misfit(name, "a plain function, which is called and not awaited", value)


def _plain(value: object) -> object:
    if isinstance(value, tuple | list):
        return tuple(map(_plain, value))
    if isinstance(value, dict):
        return {_plain(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return value


def _misfit(name: str, expected: str, value: object) -> ValueError:
    return ValueError(f"{name}: expected {expected}, got {shown(value)}")
