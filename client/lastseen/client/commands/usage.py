"""What a person can get wrong on the command line beyond what its parser sees. Pure."""

import re
from collections.abc import Sequence

from lastseen.client.commands.output import safe
from lastseen.shared.messages import Message

_FIELD = re.compile(r"(?P<type>\w+): (?P<field>\w+)")

_ARGUMENTS = {
    ("register", "client_id"): "--id",
    ("register", "groups"): "--group",
    ("get_history", "client_id"): "CLIENT",
    ("get_uptime", "client_id"): "CLIENT",
    ("forget", "client_id"): "CLIENT",
    ("silence", "client"): "CLIENT",
    ("silence", "seconds"): "--for",
    ("unsilence", "id"): "ID",
    ("get_deliveries", "client_id"): "--client",
    ("retry", "id"): "ID",
    ("enable_channel", "name"): "CHANNEL",
}
"""How a message's field is called on the command line, where it is not `--` and its own name."""


class UsageError(Exception):
    """A value that cannot be meant; the sentence names it and says what is expected."""


def shared_options_last(words: Sequence[str]) -> list[str]:
    """`--server x list` as `list --server x`: what every sub-command knows may come before it."""
    rest = list(words)
    moved: list[str] = []
    while rest and (rest[0] == "--json" or rest[0].partition("=")[0] == "--server"):
        taken = 2 if rest[0] == "--server" else 1
        moved += rest[:taken]
        del rest[:taken]
    return rest + moved if rest else list(words)


def command_in(words: Sequence[str]) -> str:
    """`lastseen settings set`, where that is the sub-command that the words name."""
    from lastseen.client.commands.app import app

    chain, _, _ = app.parse_commands(shared_options_last(words))
    return " ".join(["lastseen", *(word for word in chain if not word.startswith("-"))])


def pairs(words: Sequence[str]) -> dict[str, str]:
    """The map in words like `rack=3`.

    Raises:
        UsageError: A word without `=` or without a key, or a key that comes twice.
    """
    found: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise UsageError(f"--meta: expected key=value, got '{safe(word)}'")
        if key in found:
            raise UsageError(f"--meta: the key '{safe(key)}' is given twice")
        found[key] = value
    return found


def hold_to_the_wire(message: Message) -> None:
    """See that the server will understand the message, before anything is sent.

    Raises:
        UsageError: Naming the argument, the value met and what is expected.
    """
    from lastseen.client.arguments import checked

    try:
        checked(message)
    except ValueError as error:
        raise UsageError(safe(_by_argument(str(error), message))) from None


def _by_argument(sentence: str, message: Message) -> str:
    """`register: client_id: expected …` as `--id: expected …`, which is what a person wrote."""
    found = _FIELD.match(sentence)
    if found is None or found["field"] not in message.__struct_fields__:
        return sentence
    field = found["field"]
    return _ARGUMENTS.get((found["type"], field), f"--{field}") + sentence[found.end() :]
