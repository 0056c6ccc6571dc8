"""What the fields of messages may hold: the kinds of values, and the bounds of each."""

import sys
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

LONGEST = 1e9
"""Seconds; some 30 years. No clock or calendar overflows by it, and NaN and infinity pass it."""

LARGEST_FLOAT = sys.float_info.max

Status = Literal["online", "late", "offline"]
Availability = Literal["available", "away", "busy"]
Via = Literal["tcp", "websocket", "http", "lan"]
Reason = Literal[
    "registered", "returned", "left", "closed", "timeout", "replaced", "kicked", "silent"
]

# The bounds together keep a record within the 64 KiB frame of one page, whatever its script. A
# register that used most of them at once would pass the 4 KiB frame of an unregistered peer.
ClientId = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+\Z")]
Name = Annotated[str, Meta(max_length=128)]
Hostname = Annotated[str, Meta(max_length=255)]
Group = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+\Z")]
Groups = Annotated[tuple[Group, ...], Meta(max_length=16)]
MetaKey = Annotated[str, Meta(min_length=1, max_length=64)]
MetaText = Annotated[str, Meta(max_length=256)]
# What every store and both wire formats can hold: 64 bits signed, and neither NaN nor infinity.
MetaInt = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
MetaFloat = Annotated[float, Meta(ge=-LARGEST_FLOAT, le=LARGEST_FLOAT)]
MetaValue = bool | MetaInt | MetaFloat | MetaText | None
MetaData = Annotated[dict[MetaKey, MetaValue], Meta(max_length=16)]
Note = Annotated[str, Meta(max_length=256)]
PageLimit = Annotated[int, Meta(ge=1, le=1000)]
Moment = Annotated[datetime, Meta(tz=True)]  # one without a zone could not be compared with ours
Seconds = Annotated[float, Meta(ge=0, le=LONGEST)]
Place = Annotated[int, Meta(ge=0, le=2**63 - 1)]  # what a store counts its rows with
