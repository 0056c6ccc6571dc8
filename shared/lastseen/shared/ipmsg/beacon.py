"""The line `LS:` of an announcement: lastseen's own, which others pass over.

`1;member=5f0c…;tcp=*:8080` says that the member is a lastseen, which run of it, and where its
server listens (`*`: at the address that the announcement came from). `1;seek=1` asks servers to
say so.
"""

from msgspec import Struct

_VERSION = "1"
_ANYWHERE = "*"

Address = tuple[str, int]


class Beacon(Struct, frozen=True):
    """What a lastseen says to its like.

    Attributes:
        member: A random id of this run: by it a lastseen knows its own packets. Empty: it is none.
        services: For each kind of link the `host:port` of a server; the host may be `*`.
        seeks: Whether it looks for a server, and wants an answer to where it sent from.
    """

    member: str = ""
    services: dict[str, str] = {}
    seeks: bool = False

    def address_of(self, service: str, sender: str) -> str | None:
        """Where a service is, as `host:port`; None: not offered. `sender`: the packet's source."""
        found = self.services.get(service)
        if found is None:
            return None
        host, _, port = found.rpartition(":")
        if not (host and port.isascii() and port.isdigit() and 0 < int(port[:6]) <= 65535):
            return None
        return f"{sender if host == _ANYWHERE else host}:{port}"


def write(beacon: Beacon) -> str:
    """The line's value."""
    fields = {"member": beacon.member, "seek": "1" if beacon.seeks else "", **beacon.services}
    return ";".join([_VERSION, *(f"{key}={value}" for key, value in fields.items() if value)])


def read(line: str) -> Beacon | None:
    """The beacon in a line; None where there is none. What a later version adds is a service that
    nobody asks for.
    """
    version, *words = line.split(";")
    if version != _VERSION:
        return None
    pairs = (word.partition("=") for word in words)
    fields = {key: value for key, _, value in pairs if value}
    return Beacon(fields.pop("member", ""), seeks=fields.pop("seek", "") == "1", services=fields)
