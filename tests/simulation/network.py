"""The network between machines and the server: delays, paths that are dark for a while or for good,
links that one end has forgotten, resets. Packets are never lost in a link that lives: TCP sees to
that, as delay.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.simulation.agenda import Agenda
from tests.simulation.kernel import Kernel, Socket
from tests.simulation.witness import TICK

from lastseen.client.link import CONNECT_DEADLINE
from lastseen.shared.wire import PONG_FRAME

if TYPE_CHECKING:
    from tests.simulation.machines import Machine

ORPHANED = 100.0
"""Seconds for which the kernel of an end that closed says so to a peer that does not answer."""

KEEPALIVE = 120.0
"""Seconds after which the server's kernel gives up on a peer that acknowledges nothing: 60 s of
silence, then four probes in 60 s (`links.listener`)."""

REPEATED = (0.0, 1.0, 3.0, 7.0)
"""Seconds after which a kernel knocks (again), until the program gives up."""

REFUSED = b"duplicate_client"
"""In the answer to one that may not register: it said nothing of the client that has the id."""

RETRANSMITTED = 3.0
"""Seconds after which what was held up comes at the latest, once a path is there again."""


class Link:
    """One TCP connection.

    Attributes:
        dark: Nothing gets through, either way; neither end is told.
        deaf: The machine does not read.
        ended: The moment (awake time) at which it ended for the server: hung up, failed, dismissed.
    """

    __slots__ = (
        "_dark_since", "_down_at", "_fin_at", "_held", "_up_at", "client_open", "dark", "deaf",
        "ended", "machine", "network", "sock",
    )  # fmt: skip

    def __init__(self, machine: "Machine", network: "Network") -> None:
        self.machine = machine
        self.network = network
        self.dark = self.deaf = False
        self.client_open = True
        self.ended: float | None = None
        self._held: list[bytes] = []
        self._fin_at: float | None = None
        self._up_at = self._down_at = 0.0
        self.sock: Socket = network.kernel.open(self)

    @property
    def flows(self) -> bool:
        """Whether what the server sends gets through."""
        return not (self.dark or self.deaf)

    # --- up: from the machine to the server

    def up(self, data: bytes) -> None:
        """The machine sends."""
        if self.dark:
            self._held.append(data)
        elif self.sock.closed or self.sock.failed:
            self.network.agenda.after(self.machine.delay, self.machine.reset, self)
        elif self.machine.delay < TICK and self._up_at <= self.network.agenda.now:
            self._arrive(data)
        else:
            self._up_at = max(self._up_at, self.network.agenda.now + self.machine.delay)
            self.network.agenda.at(self._up_at, self._arrive_later, data)

    def _arrive_later(self, data: bytes) -> None:
        if self.dark:
            self._held.append(data)
        else:
            self._arrive(data)

    def _arrive(self, data: bytes) -> None:
        if self.ended is None and not self.sock.eof:
            self.machine.subject.sign(self.network.awake(), self)
        self.sock.arrive(data)

    def close(self) -> None:
        """The machine closes its end."""
        if not self.client_open:
            return
        self.client_open = False
        if self.dark:
            self._fin_at = self.network.agenda.now
        else:
            delay = max(self.machine.delay, self._up_at - self.network.agenda.now)
            self.network.agenda.after(delay, self._hang_up)

    def _hang_up(self) -> None:
        if self.dark:
            self._fin_at = self.network.agenda.now
        elif not self.sock.closed:
            self.end()
            self.sock.hang_up()

    # --- down: from the server to the machine

    def down(self, data: bytes) -> None:
        """The server sends, and the path is there."""
        if not self.network.kernel.alive:
            return
        if not self.client_open:
            self.network.agenda.after(self.machine.delay, self._reset_server)
        elif data == PONG_FRAME and self.machine.delay < TICK:
            self.machine.pong(self)
        else:
            if REFUSED in data:
                self.machine.subject.take_back(self)
            now = self.network.agenda.now
            self._down_at = max(self._down_at, now + self.machine.delay)
            self.network.agenda.at(self._down_at, self.machine.receive, self, data)

    def half_closed(self) -> None:
        """The server will send no more."""
        self.end()
        if self.flows and self.client_open:
            at = max(self._down_at, self.network.agenda.now + self.machine.delay)
            self.network.agenda.at(at, self.machine.reset, self)

    def closed_by_server(self) -> None:
        """The server has closed its end."""
        self.half_closed()
        self.network.links.pop(self, None)

    # --- ends

    def end(self) -> None:
        """For the server it is over."""
        if self.ended is None:
            self.ended = self.network.awake()
            self.machine.subject.link_ended(self.ended, self)

    def _reset_server(self) -> None:
        if not self.dark and not self.sock.closed:
            self.end()
            self.sock.fail()

    def reset(self) -> None:
        """Something on the way resets both ends."""
        if not self.sock.closed:
            self.end()
            self.sock.fail()
        self.network.agenda.after(0.0, self.machine.reset, self)

    def obscure(self) -> None:
        """Nothing gets through from now on."""
        if not self.dark:
            self.dark = True
            self._dark_since = now = self.network.agenda.now
            self.network.agenda.after(KEEPALIVE, self._keepalive, now)

    def _keepalive(self, since: float) -> None:
        still = self.dark and self._dark_since == since and self.network.reachable
        if still and not self.sock.closed:
            self.end()
            self.sock.fail()

    def clear(self, rest: float) -> None:
        """What is sent gets through again, and `rest` seconds later what was."""
        if self.dark:
            self.dark = False
            self._up_at = max(self._up_at, self.network.agenda.now + rest)
            self.network.agenda.after(rest, self._catch_up)

    def _catch_up(self) -> None:
        if self.dark:
            return
        if self.sock.closed or self.sock.failed:
            self.machine.reset(self)
            return
        held, self._held = self._held, []
        for data in held:
            self._arrive(data)
        if not self.client_open:
            if self._fin_at is not None and self.network.agenda.now - self._fin_at < ORPHANED:
                self._hang_up()
            else:  # a probe of the server's kernel meets one that knows nothing of the link
                self.network.agenda.after(KEEPALIVE / 2, self._reset_server)
        if self.flows:
            self.sock.drain()


class Network:
    """Every link, and how the server's machine is reached.

    Attributes:
        kernel: Of the server's process, running or not.
        reachable: Whether the machine is: it is powered, and not suspended.
        links: Those whose server end is open.
    """

    def __init__(self, agenda: Agenda, awake: Callable[[], float]) -> None:
        """`awake` is the server's awake time, as the world knows it."""
        self.agenda = agenda
        self.awake = awake
        self.kernel: Kernel = Kernel()
        self.reachable = True
        self.links: dict[Link, None] = {}

    def dial(self, machine: "Machine") -> None:
        """A machine tries to connect; it is told how that went, later."""
        generation = machine.generation
        self.agenda.after(CONNECT_DEADLINE, machine.unreachable, generation)
        for again in REPEATED:
            self.agenda.after(again + 2 * machine.delay, self._establish, machine, generation)

    def _establish(self, machine: "Machine", generation: int) -> None:
        if machine.generation != generation or machine.link is not None:
            return
        if machine.dark or not self.reachable:
            return  # a later attempt may get through
        if not self.kernel.listening:
            machine.unreachable(generation)
        else:
            link = Link(machine, self)
            self.links[link] = None
            machine.connected(link)

    # --- the server's process and machine

    def sever(self, *, told: bool) -> None:
        """The server's process is no more. Its kernel tells the peers, unless that is gone too."""
        self.kernel.alive = self.kernel.listening = False
        links, self.links = self.links, {}
        for link in links:
            link.end()
            link.sock.closed = True
            if told and not link.dark:
                self.agenda.after(link.machine.delay, link.machine.reset, link)

    def refuse(self) -> None:
        """Nobody listens any more; who waited to be accepted is reset."""
        self.kernel.listening = False
        for sock in list(self.kernel.backlog):
            sock.link.reset()
            sock.closed = True
            self.kernel.give_back(sock)
            self.links.pop(sock.link, None)
        self.kernel.backlog.clear()

    def obscure(self) -> None:
        """The server's machine is suspended."""
        self.reachable = False
        for link in self.links:
            link.obscure()

    def clear(self) -> None:
        """It is awake again."""
        self.reachable = True
        for link in list(self.links):
            if not link.machine.dark:
                link.clear(link.machine.chance.uniform(0.0, RETRANSMITTED))
