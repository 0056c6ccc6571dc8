"""What a store cannot do, by what to do about it.

    StoreUnusable       while opening: a person must mend something; nothing was changed
    TransferFailed      an export, import or backup: the file, or the store, does not suit
    StoreUnavailable    while in use: slow, locked, full or gone; the same call may succeed later

Anything else that comes out of the store is a bug.
"""

from lastseen.server.errors import CommandFailed


class StoreUnusable(CommandFailed):
    """The database cannot be opened as it is; a sentence says why and what to do."""


class StoreUnavailable(Exception):
    """The database did not do it, and may do it later. The transaction left nothing behind, save
    where the connection broke in its very last step: then it may have been carried out, and every
    write can be repeated without harm.

    Attributes:
        reason: What the database said, on one line.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"the store is unavailable: {reason}")
        self.reason = reason


class TransferFailed(CommandFailed):
    """An export, import or backup that was not carried out; a sentence says why."""
