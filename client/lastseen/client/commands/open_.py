"""`lastseen open`: where the server's page is, in a browser where there is one."""

import os
import sys
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

import trio
from cyclopts import Parameter

from lastseen.client.commands.options import DEFAULT_SERVER, Server
from lastseen.client.commands.output import safe
from lastseen.client.commands.terminal import say
from lastseen.client.errors import Refused
from lastseen.shared.address import format_address, parse_address


async def open_page(
    *,
    server: Server = DEFAULT_SERVER,
    only_print: Annotated[
        bool, Parameter(name="--print", negative="", help="Only print the address.")
    ] = False,
) -> None:
    """Print the address of the page, and open it."""
    from lastseen.client import observe

    async with observe(server) as observer:
        told = (await observer.stats()).page
    if not told:
        raise Refused("no_page", "that server serves no page ([http] enabled = false)")
    address = seen_from_here(told, server)
    say(safe(address))
    if not only_print and has_browser(os.environ, sys.platform):
        await trio.to_thread.run_sync(_open, address)


def seen_from_here(page: str, server: str) -> str:
    """The page's address; of a server that listens everywhere, under the name by which we know it:
    it calls itself localhost.
    """
    parts = urlsplit(page)
    host, _ = parse_address(server)
    if parts.hostname != "localhost" or parts.port is None:
        return page
    return parts._replace(netloc=format_address(host, parts.port)).geturl()


def has_browser(environ: Mapping[str, str], platform: str) -> bool:
    """Whether there is a screen for one: in a bare terminal a browser would take its place."""
    return platform in ("darwin", "win32") or bool(
        environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
    )


def _open(address: str) -> None:
    import webbrowser

    webbrowser.open(address)
