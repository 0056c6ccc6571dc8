r"""What a packet says of the member that sent it: who it is, what it calls itself, if it is away.

Older fields are `nickname \0 group \0`; what iptux appends to them (an icon, and a claim of UTF-8
that may be wrong) is passed over. After `\0\n` the same may follow in UTF-8, a line each, and then
it is this that counts. Our own line among them, `LS:`, is `beacon`'s.
"""

from msgspec import Struct

from lastseen.shared.ipmsg.packet import ABSENCE, CAPUTF8, DIALUP, Packet
from lastseen.shared.ipmsg.text import TEXT_LIMIT, LegacyEncoding, clean, decode, encode

_SECTION = b"\0\n"
_GROUP_LIMIT = 64
"""Characters of a group's name, as of every client's."""

_LINE_LIMIT = 1024
"""Characters that are read of a line: room for a beacon with host names in it."""

_FEIQ = b"1_lbt"
"""FeiQ's version begins so, and its texts are GBK wherever it runs."""
_IPTUX = b"1_iptux"
"""iptux sets ABSENCE in whatever it sends, present or not: of it the flag says nothing."""


class Entry(Struct, frozen=True):
    """What a member says of itself.

    Attributes:
        user, host: Who it is, to the protocol: what bears the same of both is the same member.
        nickname, group: As a person wrote them; the nickname without what follows it while away.
        away: Whether it says that nobody is there, and `note` in which words.
        dialup: Whether broadcasts do not reach it.
        program: Its `version` field: which program it is.
        beacon: What follows `LS:`, where that line is there.
    """

    user: str
    host: str
    nickname: str = ""
    group: str = ""
    away: bool = False
    note: str = ""
    dialup: bool = False
    program: str = "1"
    beacon: str | None = None


def read(packet: Packet, legacy: LegacyEncoding) -> Entry:
    """What a packet says of its sender; whatever bytes it holds, there is some answer."""
    old, _, section = packet.extra.partition(_SECTION)
    nickname, group = [*old.split(b"\0"), b""][:2]
    texts = (packet.user, packet.host, nickname, group, packet.version)
    written = decode(texts, "gbk" if packet.version.startswith(_FEIQ) else legacy)
    words = [clean(text) for text in written]
    lines = _lines(section)
    said = [lines.get(k, word)[:TEXT_LIMIT] for k, word in zip(_KEYS, words, strict=False)]
    away = packet.has(ABSENCE) and not packet.version.startswith(_IPTUX)
    name, note = _without_note(said[2]) if away else (said[2], "")
    return Entry(
        user=said[0],
        host=said[1],
        nickname=name,
        group=said[3][:_GROUP_LIMIT].strip(),
        away=away,
        note=note,
        dialup=packet.has(DIALUP),
        program=words[4],
        beacon=lines.get("LS"),
    )


def write(entry: Entry, command: int, number: int, legacy: LegacyEncoding) -> Packet:
    """The packet by which a member says this: in the legacy encoding, and again in UTF-8."""
    shown = f"{entry.nickname}[{entry.note}]" if entry.away and entry.note else entry.nickname
    lines = [
        f"{k}:{v}" for k, v in zip(_KEYS, (*_identity(entry), shown, entry.group), strict=True)
    ]
    if entry.beacon is not None:
        lines.append(f"LS:{entry.beacon}")
    old = encode(shown, legacy) + b"\0" + encode(entry.group, legacy)
    user, host = (encode(text, legacy) for text in _identity(entry))
    flags = CAPUTF8 | (ABSENCE if entry.away else 0) | (DIALUP if entry.dialup else 0)
    extra = old + _SECTION + "\n".join(lines).encode()
    return Packet(encode(entry.program, legacy), number, user, host, command | flags, extra)


_KEYS = ("UN", "HN", "NN", "GN")
"""The lines that say again, in UTF-8, who it is and what it calls itself."""


def _identity(entry: Entry) -> tuple[str, str]:
    return entry.user.replace(":", ";"), entry.host.replace(":", ";")


def _lines(section: bytes) -> dict[str, str]:
    r"""`UN:user\nHN:host` by its keys, cut at the first NUL; a line without a value is none."""
    text = section.partition(b"\0")[0].decode(errors="replace")
    pairs = (line.partition(":") for line in text.split("\n"))
    cleaned = ((key, clean(value, _LINE_LIMIT)) for key, _, value in pairs)
    return {key: value for key, value in cleaned if value}


def _without_note(nickname: str) -> tuple[str, str]:
    """`Ann[at lunch]` -> `Ann`, `at lunch`: the title that IP Messenger appends while away."""
    name, bracket, note = nickname.rpartition("[")
    if bracket and name.strip() and note.endswith("]"):
        return name.strip(), note[:-1].strip()
    return nickname, ""
