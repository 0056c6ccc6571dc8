"""Validation errors as sentences that name the field, what was expected and the value met.

msgspec says ``Expected `int` >= 10 - at `$.server.port` ``; people also want to know what they
wrote, and what they may write instead.
"""

import re
import reprlib
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import msgspec

_WHERE = re.compile(r"^(?P<what>.*) - at (?P<key>`key` in )?`\$(?P<path>[^`]*)`$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_INDEX = re.compile(r"`\$\[(\d+)\]")
_REWORDED = [
    (re.compile(r"^Object (?=missing|contains)"), ""),
    (re.compile(r"`str` matching regex .*", re.DOTALL), "text without control characters"),
    (re.compile(r"`float` [<>]= -?1\.797\d+e\+308"), "a finite number"),
]
_LONGEST_VALUE = 60  # characters: one line of a terminal holds the sentence around it, too
_NOTHING: Any = object()  # stands for a value that the document does not have

_brief = reprlib.Repr()  # unlike repr(): bounded in depth, so that no nesting can exhaust the stack
_brief.maxstring = _brief.maxother = _brief.maxlong = 4 * _LONGEST_VALUE


class _Place(NamedTuple):
    """A spot in a document: its path for people, the value there, the type it should have."""

    path: str
    value: Any
    kind: Any


def explain(error: Exception, document: object, expected: object) -> str:
    """One sentence for a `msgspec.ValidationError` met while converting `document` to `expected`.

    Shape: ``server.port: expected `int`, got 'eighty'``.
    """
    match = _WHERE.match(str(error))
    what, path = (match["what"], match["path"]) if match else (str(error), "")
    place = _Place("", document, expected)
    for named, numbered in _STEP.findall(path):
        place = _into(place, named or numbered)
    if match and match["key"]:
        place = _key_of(place)
    sentence = _expectation(what, place)
    if place.path and place.value is not _NOTHING and not what.startswith("Object "):
        # "…, got `str`" names the type; the value itself says more.
        sentence = re.sub(r", got `\w+`$", "", sentence) + f", got {_met(what, place.value)}"
    return f"{place.path}: {sentence}" if place.path else sentence


def shown(value: object) -> str:
    """A value as a person should meet it in a sentence: quoted, and not too long."""
    if isinstance(value, msgspec.msgpack.Ext):
        return f"an extension of type {value.code}"
    return brief(_brief.repr(value))


def brief(text: str) -> str:
    """A text, a name that somebody chose say, not too long for a sentence."""
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _expectation(what: str, place: _Place) -> str:
    choices = [c for o in _options(place.kind) if get_origin(o) is Literal for c in get_args(o)]
    if choices and place.value is not _NOTHING:
        return "expected one of " + ", ".join(map(repr, choices))
    for pattern, words in _REWORDED:
        what = pattern.sub(words, what)
    return what[:1].lower() + what[1:]


def _met(what: str, value: Any) -> str:  # noqa: ANN401 (whatever the document holds)
    """The value; where its length is the matter, that too."""
    return shown(value) + (f" of length {len(value)}" if " of length " in what else "")


def _into(place: _Place, step: str) -> _Place:
    """One step of msgspec's path further; `...` stands for some value of a map."""
    kind = _kind_inside(place.kind, step)
    value = place.value
    if step.isdigit() and isinstance(value, list | tuple) and int(step) < len(value):
        return _Place(f"{place.path}[{step}]", value[int(step)], kind)
    if step == "..." and isinstance(value, dict):
        for index in _misfit(list(value.values()), kind):
            key = list(value)[index]
            return _Place(f"{place.path}[{shown(key)}]", value[key], kind)
    if step == "..." or step.isdigit():
        return _Place(f"{place.path}[{step}]", _NOTHING, kind)
    value = value.get(step, _NOTHING) if isinstance(value, dict) else _NOTHING
    return _Place(f"{place.path}.{step}".lstrip("."), value, kind)


def _key_of(place: _Place) -> _Place:
    """The key of the map at `place` that does not fit."""
    maps = [o for o in _options(place.kind) if get_origin(o) is dict]
    kind = get_args(maps[0])[0] if maps else str
    keys = list(place.value) if isinstance(place.value, dict) else []
    value = next((keys[index] for index in _misfit(keys, kind)), _NOTHING)
    return _Place(f"{place.path}: key" if place.path else "key", value, kind)


def _misfit(values: list[Any], kind: Any) -> list[int]:  # noqa: ANN401 (any annotation)
    """The index of the first value that is not of this kind, or nothing."""
    try:
        msgspec.convert(values, list[kind])
    except msgspec.ValidationError as error:
        return [int(index) for index in _INDEX.findall(str(error))]
    return []


def _kind_inside(kind: Any, step: str) -> Any:  # noqa: ANN401 (any annotation)
    """The type of a field, or of the items of a list or the values of a map."""
    for option in _options(kind):
        origin, args = get_origin(option), get_args(option)
        if origin in (dict, list, tuple):
            return args[origin is dict]
        if isinstance(option, type) and issubclass(option, msgspec.Struct):
            types = {field.encode_name: field.type for field in msgspec.structs.fields(option)}
            if step in types:
                return types[step]
    return Any


def _options(kind: object) -> list[Any]:
    """The members of a union, or the type alone, without what `Annotated` adds."""
    if get_origin(kind) is Annotated:
        return _options(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return [option for member in get_args(kind) for option in _options(member)]
    return [kind]
