"""Text from elsewhere, made fit for a terminal, a log line or a comment."""


def printable(text: str) -> str:
    """`text` on one line, with escapes for line ends, ANSI sequences, bidi marks and the like."""
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]
