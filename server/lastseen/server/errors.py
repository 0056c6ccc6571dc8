"""Why a command of the server ends early, by who can mend it; each is a sentence for people.

    ConfigError          a setting is wrong: exit code 2
    CommandFailed        the machine says no: exit code 1
     +-- StartFailed     ... to the server itself: the address is in use, say

The names say what happened.
"""

from collections.abc import Iterable


class ConfigError(Exception):
    """Settings that cannot be used.

    Attributes:
        keys: The dotted keys that the sentence is about, so that whoever loaded them can say
            where their values came from.
    """

    def __init__(self, problem: str, keys: Iterable[str] = ()) -> None:
        super().__init__(problem)
        self.keys = tuple(keys)


class CommandFailed(Exception):
    """The command was right and could not be carried out."""


class StartFailed(CommandFailed):
    """The server could not open what its settings ask for."""
