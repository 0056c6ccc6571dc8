"""What a client has seen of a proxy or router that cuts idle connections. Pure.

After three ends in a row that followed the same silence, the client pings more often than the
server asks: below that silence. It does so until the program ends.
"""

from math import inf

from lastseen.shared.idle_cut import MARGIN, constant_age

ENOUGH = 3
"""Ends in a row that must agree. Of ends at random within a minute, three in a row agree once in
some thousand times, two once in sixty."""


class IdleCuts:
    """The ends of one client's connections.

    Attributes:
        longest: Seconds that may pass between two pings; infinite until a cut is found.
    """

    def __init__(self) -> None:
        self.longest = inf
        self._ages: list[float] = []
        self._last: float | None = None
        self._run: str | None = None

    def ended(self, silence: float | None) -> None:
        """Note that the connection ended.

        Args:
            silence: For how many seconds nothing had been sent or received; None if the server
                said goodbye, or this side gave up.
        """
        self._last = silence

    def opened(self, run: str) -> float | None:
        """Note that the next connection is open, to that run of the server.

        Returns the silence after which connections are cut, in seconds, if it is news. An end
        counts only if the server survived it: otherwise the server itself was the cause.
        """
        silence, self._last = self._last, None
        same_run, self._run = run == self._run, run
        if silence is None or not same_run:
            return None
        self._ages = [*self._ages, silence][-ENOUGH:]
        cut_after = constant_age(self._ages, ENOUGH)
        if cut_after is not None:
            self._ages.clear()
            self.longest = min(self.longest, MARGIN * cut_after)
        return cut_after
