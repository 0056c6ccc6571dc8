"""What a person wrote, out of bytes that do not say, or wrongly say, in which encoding they are.

Flags are not asked: members claim UTF-8 where the bytes are GBK, and send UTF-8 without a word. The
bytes tell it themselves, and those of one packet, which one program wrote, tell it of each other.
"""

from collections.abc import Sequence
from typing import Literal

LegacyEncoding = Literal["cp932", "gbk"]

TEXT_LIMIT = 128
"""Characters that are kept of a text: the bound of a client's name."""

_LOOKED_AT = 4
"""Characters looked at for each that may be kept: a text whose beginning is nothing but blanks and
control characters is no name, and is not worth the time."""

_CODECS: dict[LegacyEncoding, str] = {"cp932": "cp932", "gbk": "gb18030"}
"""What to decode by: gb18030 is gbk and what was added to it later."""

_THREE_BYTES = "\u0800"
"""From this character on UTF-8 takes three bytes and more: patterns that legacy text hardly ever
forms by chance, while those of two bytes are ordinary Chinese characters, too."""

_IDEOGRAPHIC_SPACE = "\u3000"


def decode(texts: Sequence[bytes], legacy: LegacyEncoding) -> list[str]:
    """The texts of one packet. One that is UTF-8 of two-byte characters only is taken for it if
    all others are UTF-8, too: else it is legacy text that happens to look so.
    """
    found = [_as_utf8(text) for text in texts]
    all_utf8 = None not in found
    return [
        text
        if text is not None and (all_utf8 or text.isascii() or max(text) >= _THREE_BYTES)
        else raw.decode(_CODECS[legacy], errors="replace")
        for text, raw in zip(found, texts, strict=True)
    ]


def clean(text: str, limit: int = TEXT_LIMIT) -> str:
    """A text as it can be shown: no control characters, no blanks around it, and of bounded length.

    Lone surrogates, which no wire could carry, go as well.
    """
    begin = text[: _LOOKED_AT * limit]
    spaced = (" " if c.isspace() and c != _IDEOGRAPHIC_SPACE else c for c in begin)
    shown = "".join(c for c in spaced if c.isprintable() or c == _IDEOGRAPHIC_SPACE)
    return shown.strip()[:limit].strip()


def _as_utf8(text: bytes) -> str | None:
    try:
        return text.decode()
    except UnicodeDecodeError:
        return None
