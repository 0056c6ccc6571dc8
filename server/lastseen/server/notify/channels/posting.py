"""An HTTP POST whose answer is taken with care: within a time, up to a size, and no further than
the address that was named.
"""

import email.utils
import os
import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import httpx
import trio
from msgspec import Struct

from lastseen.server.notify.errors import TransportError
from lastseen.server.printable import printable

LONGEST_ANSWER = 65_536
"""Bytes of an answer that are read. What a receiver says beyond is not waited for."""

LONGEST_READING = 2.0
"""Seconds for which an answer is read once its status is known, or half of what is left of the
deadline: a receiver that took a message and never ends its answer is not sent it again."""

LONGEST_REMARK = 200
"""Characters of what a receiver said that an error repeats."""

LONGEST_WAIT = 86_400.0
"""Seconds that a receiver can have us wait: no mistake of its should cost more than a day."""

REFUSALS = frozenset({401, 403, 404, 410})
"""Nobody here may send, or nothing is there: until somebody mends that, no repeat can help."""

MOVED = frozenset({301, 308})
"""For good, so the address in the settings is wrong; other redirects may be of the moment."""

TOO_LARGE = 413
"""The message is; others may not be."""

_WORDED = (ssl.SSLError, socket.gaierror)
"""Errors whose numbers are their own, and whose words say more."""

_SECONDS = re.compile(r"[0-9]{1,9}")


class Answer(Struct, frozen=True):
    """What a receiver said: its status, the wait that it asks for (seconds), what it wrote."""

    status: int
    retry_after: float | None
    body: bytes

    @property
    def taken(self) -> bool:
        """Whether it took the message."""
        return 200 <= self.status < 300


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """A block that must be done in time.

    Raises:
        TransportError: It was not.
    """
    try:
        with trio.fail_after(seconds):
            yield
    except trio.TooSlowError:
        raise TransportError(f"no answer within {seconds:g} s") from None


async def post(
    client: httpx.AsyncClient, url: str, body: bytes, headers: Mapping[str, str]
) -> Answer:
    """Send a body. To be called within a `deadline`.

    Raises:
        TransportError: There is no answer.
    """
    # Without compression a small answer cannot become a large one.
    headers = {"User-Agent": "lastseen", "Accept-Encoding": "identity", **headers}
    try:
        async with client.stream("POST", url, content=body, headers=headers) as response:
            return Answer(response.status_code, _wait(response), await _read(response))
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError):
        raise TransportError("the URL cannot be used", permanent=True) from None
    except httpx.ConnectError as error:
        raise TransportError(f"{_host(url)} cannot be reached: {_why(error)}") from None
    except httpx.HTTPError as error:  # by its name alone: it may repeat what we sent
        name = type(error).__name__
        raise TransportError(f"{_host(url)} broke off before it answered: {name}") from None


def refusal(answer: Answer, remark: str = "") -> TransportError:
    """The error for an answer that is none of success. `remark` says what the receiver said."""
    if 300 <= answer.status < 400:
        sentence = f"HTTP {answer.status}: redirects are not followed; is the URL right?"
    else:
        sentence = f"HTTP {answer.status}" + (f": {remark}" if remark else "")
    return TransportError(
        sentence,
        permanent=answer.status in REFUSALS | MOVED,
        retry_after=answer.retry_after,
        too_large=answer.status == TOO_LARGE,
    )


def remark_of(text: str) -> str:
    """What somebody else said, as an error may repeat it: a line, and not too long."""
    text = printable(" ".join(text.split()))
    return text if len(text) <= LONGEST_REMARK else f"{text[: LONGEST_REMARK - 1]}…"


async def _read(response: httpx.Response) -> bytes:
    """As much as comes: what the receiver decided is in its status already."""
    body = b""
    left = trio.current_effective_deadline() - trio.current_time()
    # To `break` would leave generators of httpx half-way: they end only from within.
    with suppress(httpx.HTTPError), trio.move_on_after(min(LONGEST_READING, left / 2)) as reading:
        async for part in response.aiter_raw():
            body += part
            if len(body) >= LONGEST_ANSWER:
                reading.cancel()
    return body[:LONGEST_ANSWER]


def _wait(response: httpx.Response) -> float | None:
    """What Retry-After says, in seconds: RFC 9110, 10.2.3, a number or a date."""
    text = response.headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), LONGEST_WAIT)
    try:
        until = email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):  # the latter: of numbers that no date has
        return None
    return min(max(0.0, until - time.time()), LONGEST_WAIT)


def _host(url: str) -> str:
    """The part of a URL that is no secret."""
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2]


def _why(error: BaseException) -> str:
    """What the system said, if it said something: certificates and addresses are no secrets."""
    while (inner := _within(error)) is not None:
        error = inner
    if isinstance(error, OSError) and error.errno and not isinstance(error, _WORDED):
        return os.strerror(error.errno)
    return remark_of(str(error) or type(error).__name__)


def _within(error: BaseException) -> BaseException | None:
    if isinstance(error, BaseExceptionGroup):  # of each address that a name has, one
        return error.exceptions[-1]
    return error.__cause__ or error.__context__
