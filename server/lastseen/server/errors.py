"""Why the server does not start, by who can mend it; each is a sentence for people.

ConfigError   a setting is wrong: exit code 2
StartFailed   the machine says no (the address is in use, say): exit code 1
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


class StartFailed(Exception):
    """The server could not open what its settings ask for."""
