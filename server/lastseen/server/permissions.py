"""Who may do what, decided in one place for every kind of link.

Today everyone who can reach the server is anonymous and has all roles; tokens will change
`ANONYMOUS` and nothing else.
"""

from typing import Literal

from msgspec import Struct

from lastseen.shared.messages import (
    EnableChannel,
    Forget,
    GetChannels,
    GetDeliveries,
    GetHistory,
    GetSettings,
    GetSilences,
    GetStats,
    GetUptime,
    Leave,
    List,
    Message,
    Ping,
    Register,
    Retry,
    SetAvailability,
    Silence,
    Unsilence,
    UpdateSettings,
    Watch,
)

Role = Literal["client", "observer", "admin"]

_NEEDED: dict[type[Message], Role] = {
    Register: "client",
    SetAvailability: "client",
    Leave: "client",
    List: "observer",
    Watch: "observer",
    GetSettings: "observer",
    GetStats: "observer",
    GetHistory: "observer",
    GetUptime: "observer",
    GetSilences: "observer",
    GetDeliveries: "observer",
    GetChannels: "observer",
    UpdateSettings: "admin",
    Forget: "admin",
    Silence: "admin",
    Unsilence: "admin",
    Retry: "admin",
    EnableChannel: "admin",
}


class Principal(Struct, frozen=True):
    """Who is at the other end of a link, and what that one may do."""

    name: str
    roles: frozenset[Role]

    def may(self, message: Message) -> bool:
        """Whether a message is within this principal's roles. A ping is within everyone's."""
        return type(message) is Ping or _NEEDED[type(message)] in self.roles

    def lacks(self, message: Message) -> str:
        """The sentence for one that is not."""
        needed, has = _NEEDED[type(message)], ", ".join(sorted(self.roles)) or "none"
        return f"that needs the role {needed!r}; {self.name} has {has}"


ANONYMOUS = Principal("anonymous", frozenset({"client", "observer", "admin"}))
"""Every peer, until there are tokens."""

PAGE = Principal("a web page", frozenset({"client", "observer"}))
"""A page that a browser connects for. It may be present and look, but change nothing: HTTP refuses
the same from a page of another origin, and a port of this machine is another origin."""
