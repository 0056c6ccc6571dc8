"""New inputs from old ones: a few bytes changed, cut out, doubled, put in, or two spliced. Pure."""

import random
from collections.abc import Sequence

LONGEST = 4_096
"""Bytes of an input: what is wrong with a longer one is wrong with one of these."""

MOST_STEPS = 6

TOKENS = [
    b"\0",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\xc1",
    b"\xd9\xff",
    b"\xde\xff\xff",
    b"\xdd\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"-1",
    b"0",
    b"1e999",
    b"nan",
    b"null",
    b"true",
    b'"',
    b"'",
    b"\\",
    b"\\ud800",
    b"\r\n",
    b"\n",
    b":",
    b"%",
    b"%00",
    b"%2F",
    b"{",
    b"}",
    b"[",
    b"]",
    b"=",
    b'""',
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xe2\x80\xae",
    b"type",
    b"ping",
    b"client_id",
    b"request_id",
    b"register",
    b"watch",
    b"list",
    b"leave",
]
"""What parsers stumble over, and the words that ours know."""


def mutated(chance: random.Random, corpus: Sequence[bytes]) -> bytes:
    """An input that is somehow like those of the corpus."""
    data = bytearray(chance.choice(corpus))
    for _ in range(chance.randint(1, MOST_STEPS)):
        _step(chance, data, corpus)
    return bytes(data[:LONGEST])


def _step(chance: random.Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    at = chance.randrange(len(data) + 1)
    end = min(len(data), at + chance.choice([1, 1, 2, 4, 8, 32]))
    match chance.randrange(7):
        case 0:  # a bit
            if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
        case 1:  # other bytes
            data[at:end] = chance.randbytes(end - at)
        case 2:  # gone
            del data[at:end]
        case 3:  # several times
            data[at:end] = data[at:end] * chance.choice([2, 3, 100])
        case 4:  # put in
            data[at:at] = chance.choice(TOKENS)
        case 5:  # in place of others
            data[at:end] = chance.choice(TOKENS)
        case _:  # the rest of another
            other = chance.choice(corpus)
            data[at:] = other[chance.randrange(len(other) + 1) :]
