"""What all messages share, and the refusal that may answer any request."""

import re
from typing import Annotated

from msgspec import Meta, Struct

from lastseen.shared.messages.fields import Seconds

LARGEST_REQUEST_ID = 2**53
"""What JavaScript can count to without loss."""

RequestId = Annotated[int, Meta(ge=0, le=LARGEST_REQUEST_ID)]


def snake_case(name: str) -> str:
    """`ClientList` -> `client_list`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


class Message(Struct, frozen=True, tag_field="type", tag=snake_case, omit_defaults=True, gc=False):
    """What every message shares."""


class Request(Message, frozen=True, kw_only=True):
    """A message that is answered; the answer repeats its `request_id`."""

    request_id: RequestId | None = None


class Answer(Message, frozen=True, kw_only=True):
    """A message that may be an answer; `request_id` is that of the request, where it had one."""

    request_id: RequestId | None = None


class Error(Answer, frozen=True):
    """A refusal: a `code` for programs and a sentence for people.

    `retry_after`, in seconds, says when trying again may help.
    """

    code: str
    message: str
    retry_after: Seconds | None = None
