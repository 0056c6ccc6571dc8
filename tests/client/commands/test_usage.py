import pytest

from lastseen.client.commands.usage import (
    UsageError,
    command_in,
    hold_to_the_wire,
    pairs,
    shared_options_last,
)
from lastseen.shared.messages import Forget, List, Register


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("list --json", "list --json"),
        ("--server h:1 list --json", "list --json --server h:1"),
        ("--server=h:1 --json settings set x 1", "settings set x 1 --server=h:1 --json"),
        ("--server h:1", "--server h:1"),
        ("--server", "--server"),
        ("--bogus --server h:1 list", "--bogus --server h:1 list"),
        ("", ""),
    ],
)
def test_what_every_sub_command_knows_may_come_before_it(words, meant):
    assert shared_options_last(words.split()) == meant.split()


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("list --bogus", "lastseen list"),
        ("--server h:1 settings set x", "lastseen settings set"),
        ("settings --bogus", "lastseen settings"),
        ("bogus list", "lastseen"),
        ("--bogus", "lastseen"),
        ("--help list", "lastseen"),
        ("", "lastseen"),
    ],
)
def test_the_sub_command_is_found_among_the_words(words, command):
    assert command_in(words.split()) == command


def test_pairs_are_split_at_the_first_equals_sign():
    assert pairs(["rack=3", "url=http://a/?b=c", "empty="]) == {
        "rack": "3",
        "url": "http://a/?b=c",
        "empty": "",
    }


@pytest.mark.parametrize("word", ["rack", "=3", ""])
def test_a_word_that_is_no_pair_is_refused(word):
    with pytest.raises(UsageError, match=f"--meta: expected key=value, got '{word}'"):
        pairs([word])


def test_a_key_may_come_once():
    with pytest.raises(UsageError, match="the key 'a' is given twice"):
        pairs(["a=1", "a=2"])


def test_a_message_that_the_server_would_not_understand_is_refused_by_argument_and_value():
    with pytest.raises(UsageError, match=r"^--id: .*length >= 1, got ''"):
        hold_to_the_wire(Register(""))
    with pytest.raises(UsageError, match=r"^--search: .*length <= 128"):
        hold_to_the_wire(List(search="x" * 129))
    with pytest.raises(UsageError, match=r"^--group\[1\]: .*length >= 1"):
        hold_to_the_wire(Register("a", groups=("b", "")))
    with pytest.raises(UsageError, match=r"^--meta\['a'\]: .*length <= 256"):
        hold_to_the_wire(Register("a", meta={"a": "x" * 257}))
    with pytest.raises(UsageError, match=r"^CLIENT: .*length >= 1"):
        hold_to_the_wire(Forget(""))
    with pytest.raises(UsageError, match=r"^register: expected at most 4096 bytes in all"):
        hold_to_the_wire(Register("a", meta={str(n): "x" * 256 for n in range(16)}))


def test_an_argument_that_is_not_utf_8_is_refused():
    with pytest.raises(UsageError, match="not UTF-8"):
        hold_to_the_wire(Register("web-\udcff"))


def test_a_good_message_passes():
    hold_to_the_wire(Register("web-01", groups=("rack-3",), meta={"a": "b"}))
