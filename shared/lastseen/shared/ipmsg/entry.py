r"""What a packet says of the member that sent it: who it is, what it calls itself, if it is away.

Older fields are `nickname \0 group \0`; what iptux appends to them (an icon, and a claim of UTF-8
that may be wrong) is passed over. After `\0\n` the same may follow in UTF-8, a line each, and then
it is this that counts. Our own line among them, `LS:`, is `beacon`'s.
"""

from msgspec import Struct

from lastseen.shared.ipmsg.packet import ABSENCE, CAPUTF8, DIALUP, Packet
from lastseen.shared.ipmsg.text import TEXT_LIMIT, LegacyEncoding, clean, decode

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
        beacon=lines.get(_OUR_KEY),
    )


def write(entry: Entry, command: int, number: int, legacy: LegacyEncoding) -> Packet:
    """The packet by which a member says this.

    The protocol has the old fields in a legacy encoding and the lines after them in UTF-8. But
    iptux passes over packets in two encodings (tried), and would never answer one. So a packet is
    GBK as a whole where that is the legacy encoding and can say it all, and UTF-8 as a whole
    elsewhere; the lines are there for whatever they can say.
    """
    shown = f"{entry.nickname}[{entry.note}]" if entry.away and entry.note else entry.nickname
    texts = [*_identity(entry), shown, entry.group]
    in_gbk = _as_gbk(texts) if legacy == "gbk" else None
    lines = [
        f"{key}:{text}"
        for key, text in zip(_KEYS, texts, strict=True)
        if in_gbk is None or text.isascii()
    ]
    if entry.beacon is not None:
        lines.append(f"{_OUR_KEY}:{entry.beacon}")
    user, host, nickname, group = in_gbk or [text.encode() for text in texts]
    extra = nickname + b"\0" + group + _SECTION + "\n".join(lines).encode()
    flags = CAPUTF8 | (ABSENCE if entry.away else 0) | (DIALUP if entry.dialup else 0)
    return Packet(entry.program.encode(), number, user, host, command | flags, extra)


def _as_gbk(texts: list[str]) -> list[bytes] | None:
    """None where it cannot say them, or where it would be taken for UTF-8."""
    try:
        raw = [text.encode("gbk") for text in texts]
    except UnicodeEncodeError:
        return None
    return raw if decode(raw, "gbk") == texts else None


_KEYS = ("UN", "HN", "NN", "GN")
"""The lines that say again, in UTF-8, who it is and what it calls itself."""

_OUR_KEY = "LS"
_ALL_KEYS = {*_KEYS, _OUR_KEY}


def _identity(entry: Entry) -> tuple[str, str]:
    return entry.user.replace(":", ";"), entry.host.replace(":", ";")


def _lines(section: bytes) -> dict[str, str]:
    r"""`UN:user\nHN:host` by its keys, cut at the first NUL; a line without a value is none."""
    text = section.partition(b"\0")[0].decode(errors="replace")
    pairs = (line.partition(":") for line in text.split("\n"))
    raw = {key: value for key, _, value in pairs if key in _ALL_KEYS}
    cleaned = ((key, clean(value, _LINE_LIMIT)) for key, value in raw.items())
    return {key: value for key, value in cleaned if value}


def _without_note(nickname: str) -> tuple[str, str]:
    """`Ann[at lunch]` -> `Ann`, `at lunch`: the title that IP Messenger appends while away."""
    name, bracket, note = nickname.rpartition("[")
    if bracket and name.strip() and note.endswith("]"):
        return name.strip(), note[:-1].strip()
    return nickname, ""
