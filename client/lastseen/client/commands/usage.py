"""What a person can get wrong on the command line beyond what its parser sees. Pure."""

from collections.abc import Sequence

from lastseen.client.commands.output import safe
from lastseen.shared.messages import Message


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
        UsageError: Naming the field, the value met and what is expected.
    """
    from lastseen.client.link import check

    try:
        check(message)
    except UnicodeEncodeError:
        raise UsageError("expected text, got an argument that is not UTF-8") from None
    except ValueError as error:
        raise UsageError(safe(str(error))) from None
