"""Each sentence names the field, what was expected and the value met."""

from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta, Struct

from lastseen.shared.explain import explain, shown


class Server(Struct, frozen=True, forbid_unknown_fields=True):
    port: Annotated[int, Meta(ge=1, le=65535)] = 8080
    duplicate: Literal["replace", "reject", "share"] = "replace"
    name: Annotated[str, Meta(max_length=100, pattern=r"^[^\x00-\x1f]*\Z")] = ""
    ratio: Annotated[float, Meta(ge=-1.7976931348623157e308, le=1.7976931348623157e308)] = 0.5
    mode: Literal["fast", "slow"] | None = None


class Rule(Struct):
    level: Literal["info", "debug"]


class Config(Struct):
    server: Server = Server()
    rules: list[Rule] = []
    labels: dict[Annotated[str, Meta(max_length=5)], Annotated[str, Meta(max_length=9)] | int] = {}
    pair: tuple[int, ...] | None = None


def sentence(document: object) -> str:
    with pytest.raises(msgspec.ValidationError) as error:
        msgspec.convert(document, Config)
    return explain(error.value, document, Config)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"server": {"port": "eighty"}}, "server.port: expected `int`, got 'eighty'"),
        ({"server": {"port": 0}}, "server.port: expected `int` >= 1, got 0"),
        ({"server": {"port": 99999}}, "server.port: expected `int` <= 65535, got 99999"),
        ({"server": {"port": None}}, "server.port: expected `int`, got None"),
        ({"server": 5}, "server: expected `object`, got 5"),
        (
            {"server": {"duplicate": "kill"}},
            "server.duplicate: expected one of 'replace', 'reject', 'share', got 'kill'",
        ),
        (
            {"server": {"duplicate": 7}},
            "server.duplicate: expected one of 'replace', 'reject', 'share', got 7",
        ),
        ({"server": {"mode": "x"}}, "server.mode: expected one of 'fast', 'slow', got 'x'"),
        (
            {"server": {"name": "a\n"}},
            "server.name: expected text without control characters, got 'a\\n'",
        ),
        (
            {"server": {"name": "a" * 101}},
            f"server.name: expected `str` of length <= 100, got '{'a' * 58}… of length 101",
        ),
        ({"server": {"ratio": float("inf")}}, "server.ratio: expected a finite number, got inf"),
        ({"server": {"ratio": float("nan")}}, "server.ratio: expected a finite number, got nan"),
        ({"server": {"prot": 1}}, "server: contains unknown field `prot`"),
        ({"rules": [{"level": "info"}, {}]}, "rules[1]: missing required field `level`"),
        (
            {"rules": [{"level": "warn"}]},
            "rules[0].level: expected one of 'info', 'debug', got 'warn'",
        ),
        ({"rules": {"a": 1}}, "rules: expected `array`, got {'a': 1}"),
        ({"pair": [1, 2, "3"]}, "pair[2]: expected `int`, got '3'"),
        ({"labels": {"a": "x", "b": []}}, "labels['b']: expected `int | str`, got []"),
        (
            {"labels": {"a": "x", "b\n": "0123456789"}},
            "labels['b\\n']: expected `str` of length <= 9, got '0123456789' of length 10",
        ),
        (
            {"labels": {"a": 1, "abcdef": 2}},
            "labels: key: expected `str` of length <= 5, got 'abcdef' of length 6",
        ),
        ({"labels": {1: 2}}, "labels: key: expected `str`, got 1"),
        ([], "expected `object`, got `array`"),
    ],
)
def test_the_sentence_names_field_expectation_and_value(document, expected):
    assert sentence(document) == expected


def test_an_error_that_is_not_about_a_place_stays_as_it_is():
    assert explain(ValueError("Something else"), {}, Config) == "something else"


def test_a_place_that_the_document_does_not_have_costs_only_the_value():
    error = msgspec.ValidationError("Expected `int`, got `str` - at `$.server.port`")
    assert explain(error, {}, Config) == "server.port: expected `int`, got `str`"
    error = msgspec.ValidationError("Expected `int`, got `str` - at `$.labels[...]`")
    assert explain(error, {"labels": {}}, Config) == "labels[...]: expected `int`, got `str`"


def test_a_value_that_looks_like_a_place_does_not_mislead():
    hostile = "x' - at `$.rules[0]`"
    assert sentence({"server": {"duplicate": hostile}}).startswith("server.duplicate: expected one")
    assert sentence({"server": {hostile: 1}}) == f"server: contains unknown field `{hostile}`"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("text", "'text'"),
        ("a\x1b[2J\u2028\n", r"'a\x1b[2J\u2028\n'"),
        (7, "7"),
        (None, "None"),
        ([1, [2, {"a": 3}]], "[1, [2, {'a': 3}]]"),
        (msgspec.msgpack.Ext(5, b"abc"), "an extension of type 5"),
    ],
)
def test_a_value_is_shown_quoted(value, text):
    assert shown(value) == text


def test_a_long_value_is_cut_short():
    for value in ("a" * 10_000, b"a" * 10_000, list(range(10_000)), {i: i for i in range(10_000)}):
        assert len(shown(value)) <= 60
    assert shown("a" * 10_000) == "'" + "a" * 58 + "…"


def test_however_deep_a_value_is_nested_it_can_be_shown():
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert shown(deep) == "[[[[[[[...]]]]]]]"
