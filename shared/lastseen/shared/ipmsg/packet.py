"""One datagram: `version:packet_no:user:host:command:extra`, taken apart and put together.

Nothing here decodes text: its encoding shows only in the packet as a whole (`text`).
"""

from msgspec import Struct

PORT = 2425
"""Where every member listens, and where most of them answer, whatever port one sent from."""

LARGEST = 4_096
"""Bytes of a datagram that are read: announcements are some hundred bytes long, and what is cut
from a longer one is no concern of presence."""

# Commands: the low 8 bits of the field (the protocol's text, and the sources of iptux).
NOOPERATION, BR_ENTRY, BR_EXIT, ANSENTRY, BR_ABSENCE = range(5)

# Flags: the rest of it.
ABSENCE = 0x100
DIALUP = 0x10000
"""Broadcasts do not reach this member: it is to be told by unicast."""
UTF8 = 0x800000
CAPUTF8 = 0x1000000
"""It understands UTF-8, and says the same again in UTF-8 after its other words."""

_COMMAND_BITS = 0xFF
_FIELDS = 6
_LONGEST_NUMBER = 20
"""Digits of a packet number: some members count from Unix time, none beyond 64 bits."""
_LONGEST_COMMAND = 10
"""Digits of 32 bits."""


class Packet(Struct, frozen=True):
    """A datagram's fields, its texts as the bytes that they came as.

    Attributes:
        version: Begins with `1`; more of it says which program it is.
        number: Counts a member's packets; a repeat bears the number of the first.
        word: Command and flags together.
    """

    version: bytes
    number: int
    user: bytes
    host: bytes
    word: int
    extra: bytes = b""

    @property
    def command(self) -> int:
        """What it says, without its flags."""
        return self.word & _COMMAND_BITS

    def has(self, flag: int) -> bool:
        """Whether a flag is set."""
        return bool(self.word & flag)


def parse(datagram: bytes) -> Packet | None:
    """The packet in any bytes; None where there is none."""
    fields = datagram.split(b":", _FIELDS - 1)
    if len(fields) < _FIELDS - 1:
        return None
    version, number, user, host, word = fields[: _FIELDS - 1]
    if not version.startswith(b"1"):
        return None
    if not (_is_number(number, _LONGEST_NUMBER) and _is_number(word, _LONGEST_COMMAND)):
        return None
    extra = fields[_FIELDS - 1] if len(fields) == _FIELDS else b""
    return Packet(version, int(number), user, host, int(word), extra)


def build(packet: Packet) -> bytes:
    """The datagram of a packet.

    Raises:
        ValueError: `version`, `user` or `host` hold a `:`, which would shift the fields.
    """
    head = (packet.version, packet.user, packet.host)
    if any(b":" in field for field in head):
        raise ValueError(f"expected no ':' in version, user and host, got {head!r}")
    return b"%b:%d:%b:%b:%d:%b" % (
        packet.version,
        packet.number,
        packet.user,
        packet.host,
        packet.word,
        packet.extra,
    )


def _is_number(field: bytes, longest: int) -> bool:
    return field.isdigit() and len(field) <= longest
