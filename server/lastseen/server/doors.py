"""Where connections come in: every listening socket, and who lets in what comes to it."""

import socket

import trio

from lastseen.server.errors import StartFailed
from lastseen.server.links.listener import Admit, PortTaken, accept, bind, listen
from lastseen.shared.address import format_address

_SECTIONS = {"tcp": "server"}
"""The section of the settings for a name, where it is another one."""


class Doors:
    """Sockets that listen, by what they are for."""

    def __init__(self) -> None:
        self._doors: list[tuple[str, socket.socket, Admit]] = []

    def open(self, name: str, hosts: tuple[str, ...], port: int, admit: Admit) -> int:
        """Reserve a port on every address of `hosts`, for `name`, and return it; see `listen`.

        Raises:
            StartFailed: An address is unknown, in use or not allowed; then all sockets are closed.
        """
        try:
            opened = bind(hosts, port)
        except PortTaken as error:
            self.close()
            setting = f"{_SECTIONS.get(name, name)}.port"
            raise StartFailed(
                f"{error}; is another lastseen-server running? To use another port, set {setting}, "
                f"for example to {port + 10_000 if port < 50_000 else port - 10_000}"
            ) from error
        except BaseException:
            self.close()
            raise
        self._doors += [(name, sock, admit) for sock in opened]
        return int(opened[0].getsockname()[1])

    def listen(self) -> None:
        """Listen on every port. Until then connections are refused.

        Raises:
            StartFailed: A port is in use by now; then all sockets are closed.
        """
        try:
            for _, sock, _ in self._doors:
                listen(sock)
        except BaseException:
            self.close()
            raise

    def addresses(self, name: str) -> str:
        """Where it is listened for `name`; nothing where it is not."""
        found = [sock.getsockname()[:2] for of, sock, _ in self._doors if of == name]
        return ", ".join(format_address(*address) for address in found)

    @property
    def found(self) -> dict[str, list[tuple[str, int]]]:
        """The addresses and ports that are listened on for each name, in the order of the settings.

        Where the settings say port 0, it is the port that was found.
        """
        found: dict[str, list[tuple[str, int]]] = {}
        for name, sock, _ in self._doors:
            found.setdefault(name, []).append(sock.getsockname()[:2])
        return found

    async def accept(
        self, *, task_status: trio.TaskStatus[trio.CancelScope] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Take connections until the scope that it starts with is cancelled; then close all."""
        try:
            async with trio.open_nursery() as nursery:
                task_status.started(nursery.cancel_scope)
                for _, sock, admit in self._doors:
                    nursery.start_soon(accept, sock, admit)
        finally:
            self.close()

    def close(self) -> None:
        """Listen no more."""
        for _, sock, _ in self._doors:
            sock.close()
        self._doors.clear()
