"""Who may do what over HTTP: the same principal as on every other link."""

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from lastseen.server.http.problems import Problem
from lastseen.server.permissions import ANONYMOUS, Role
from lastseen.shared.address import format_address


def needs(role: Role) -> Guard:
    """Holds whoever asks to a role."""

    def guard(_connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
        if role not in ANONYMOUS.roles:
            has = ", ".join(sorted(ANONYMOUS.roles)) or "none"
            raise Problem("forbidden", f"that needs the role {role!r}; {ANONYMOUS.name} has {has}")

    return guard


def address_of(request: Request[Any, Any, Any]) -> str:
    """The peer's address, as `host:port`; empty where the server did not learn it."""
    return format_address(*request.client) if request.client else ""


CLIENT, OBSERVER, ADMIN = needs("client"), needs("observer"), needs("admin")
