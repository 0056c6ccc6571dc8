"""Options that several sub-commands share, and what is wrong with their values."""

from typing import Annotated

from cyclopts import Parameter

from lastseen.shared.address import parse_address

DEFAULT_SERVER = "127.0.0.1:8080"


def _check_server(_type: object, value: str) -> None:
    parse_address(value)  # cyclopts makes a usage error of its ValueError


Server = Annotated[
    str,
    Parameter(
        help="Where the server listens: host:port.",
        env_var="LASTSEEN_SERVER",
        validator=_check_server,
    ),
]

Lan = Annotated[
    bool,
    Parameter(
        name="--lan",
        negative="",
        help="Search the local network for a server, in place of --server.",
    ),
]

Json = Annotated[
    bool, Parameter(name="--json", negative="", help="Print JSON, for programs (docs/commands.md).")
]

ClientId = Annotated[str, Parameter(help="The client's id.")]
