"""A program that is run for each message, with JSON on its standard input."""

import errno
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress

import trio

from lastseen.server.config.sections.kinds import Command
from lastseen.server.notify.channels.posting import remark_of
from lastseen.server.notify.errors import TransportError
from lastseen.server.notify.notice import ClientNotice, Message
from lastseen.server.notify.webhook_body import body, type_of

KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TZ")
"""Of our own environment: the others may hold secrets that are no business of the program's."""

KEPT_OUTPUT = 4096
"""Bytes of what a program printed last that are kept, for the error if it fails."""

NO_PROGRAM = frozenset({errno.ENOENT, errno.EACCES, errno.ENOTDIR, errno.ENOEXEC, errno.ELOOP})
"""There is nothing that could be run; other errors, such as of too many processes, pass."""

LAST_WORDS = 0.2
"""Seconds after its end until what a program printed is read: a child of its own may go on
holding the pipe, for ever."""


class CommandSender:
    """Runs one program."""

    def __init__(self, channel: Command) -> None:
        self._channel = channel

    async def send(self, message: Message) -> None:
        """Run the program and wait for its end.

        Raises:
            TransportError: It cannot be run, did not end in time, or with another code than 0.
        """
        process = await self._start(message)
        output = bytearray()
        try:
            with trio.fail_after(self._channel.timeout):
                await _talk(process, body(message), output)
        except trio.TooSlowError:
            raise TransportError(
                f"did not end within {self._channel.timeout:g} s, and was killed"
            ) from None
        finally:
            await _end(process)
        if process.returncode:
            said = remark_of(_last_line(output))
            raise TransportError(_how_it_ended(process.returncode) + (f": {said}" if said else ""))

    async def _start(self, message: Message) -> trio.Process:
        program = self._channel.argv[0]
        try:
            return await trio.lowlevel.open_process(
                list(self._channel.argv),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=_environment(message, os.environ),
                start_new_session=True,  # a process group of its own, which can be killed whole
            )
        except OSError as error:
            raise TransportError(
                f"{program} cannot be run: {error.strerror}", permanent=error.errno in NO_PROGRAM
            ) from None


async def _talk(process: trio.Process, given: bytes, output: bytearray) -> None:
    """Give it its input, take its output, and wait for its end, all at the same time."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_feed, process, given)
        nursery.start_soon(_listen, process, output)
        await process.wait()
        nursery.cancel_scope.deadline = trio.current_time() + LAST_WORDS


async def _feed(process: trio.Process, given: bytes) -> None:
    stream = process.stdin
    if stream is not None:
        try:
            async with stream:
                await stream.send_all(given)
        except trio.BrokenResourceError:
            return  # it does not want to know


async def _listen(process: trio.Process, output: bytearray) -> None:
    if process.stdout is not None:
        async for part in process.stdout:
            output += part
            del output[:-KEPT_OUTPUT]


async def _end(process: trio.Process) -> None:
    """Leave nothing behind: if it has not ended, it and what it started are killed."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with trio.CancelScope(shield=True):
            await process.wait()  # which is at once, and spares us a zombie
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            await trio.aclose_forcefully(stream)


def _environment(message: Message, ours: Mapping[str, str]) -> dict[str, str]:
    found = {name: ours[name] for name in KEPT_VARIABLES if name in ours}
    found |= {"LASTSEEN_EVENT": type_of(message), "LASTSEEN_MESSAGE": message.id}
    notice = message.items[0].notice
    if isinstance(notice, ClientNotice) and not message.digest:
        found["LASTSEEN_CLIENT"] = notice.client.client_id
    return found


def _last_line(output: bytearray) -> str:
    lines = output.decode("utf-8", "replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), "")


def _how_it_ended(code: int) -> str:
    return f"ended with exit code {code}" if code > 0 else f"was ended by signal {-code}"
