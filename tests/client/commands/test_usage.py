import pytest

from lastseen.client.commands.usage import UsageError, hold_to_the_wire, pairs, shared_options_last
from lastseen.shared.messages import List, Register


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


def test_a_message_that_the_server_would_not_understand_is_refused_by_field_and_value():
    with pytest.raises(UsageError, match=r"client_id: .*length >= 1, got ''"):
        hold_to_the_wire(Register(""))
    with pytest.raises(UsageError, match=r"search: .*length <= 128"):
        hold_to_the_wire(List(search="x" * 129))


def test_an_argument_that_is_not_utf_8_is_refused():
    with pytest.raises(UsageError, match="not UTF-8"):
        hold_to_the_wire(Register("web-\udcff"))


def test_a_good_message_passes():
    hold_to_the_wire(Register("web-01", groups=("rack-3",), meta={"a": "b"}))
