"""What the store keeps of what is told to whom: deliveries, standings, silences, broken channels.

Times are Unix seconds (UTC), kept to the microsecond.
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from lastseen.server.store.model import Json

Kind = Literal["offline", "online", "flapping", "reminder", "mass_loss"]
DeliveryState = Literal["pending", "sent", "failed", "withdrawn"]
Said = Literal["online", "offline", "flapping"]


class Delivery(Struct, frozen=True, kw_only=True, gc=False):
    """One notification to one channel.

    Attributes:
        key: Its name, unique and never used again: what a receiver tells a repeat by.
        client_id: Whom it is about; "" where it is about the server.
        epoch: With `number`, the event that it tells; number 0: none.
        notice: What it says, for `notify` to read.
        created_at: When it was decided.
        due_at: When it is to be sent, or tried again.
        state: `withdrawn` where the client was back before it was due, or where it was given up
            with its channel; then `error` says so.
        attempts: How often it was sent.
        message: The name of the message that tells it together with others; "" until there is one.
        error: Why the last attempt failed.
        settled_at: When it stopped being pending.
        id: Its place in the order of telling; the store gives it, 0 before.
        event_id: The id of its event; the store finds it.
    """

    key: str
    channel: str
    kind: Kind
    client_id: str
    notice: Json
    created_at: float
    due_at: float
    epoch: str = ""
    number: int = 0
    state: DeliveryState = "pending"
    attempts: int = 0
    message: str = ""
    error: str = ""
    settled_at: float | None = None
    id: int = 0
    event_id: int | None = None


class Standing(Struct, frozen=True, kw_only=True, gc=False):
    """Where one channel stands with one client: what is, and what the channel was told.

    There is none where the client is present and the channel knows nothing else.

    Attributes:
        said: What the channel was last told, or is being told.
        offline: What is.
        changed_at: When the client last went or came.
        since: When the outage began of which the channel was told; None where it was told of none.
        muted: Why nothing is said now; "" where it is. While the channel is off, all is silence.
        held: The key of the delivery that is withdrawn if the client is back before `held_until`.
        remind_at: When the channel is reminded that the client is still offline.
        notice: What there was to say at the last change, for `notify` to read.
        epoch: With `number`, the event of the last change.
        knew: What the channel was told before the outage that is held back.
        thread: The key of the delivery that first told the channel of this outage: the messages
            that follow belong to the same conversation. "" before.
    """

    channel: str
    client_id: str
    said: Said
    offline: bool
    changed_at: float
    notice: Json
    since: float | None = None
    muted: Literal["", "silence", "flapping"] = ""
    held: str = ""
    held_until: float = 0.0
    remind_at: float | None = None
    epoch: str = ""
    number: int = 0
    knew: Said = "online"
    thread: str = ""


class GivenUp(Struct, frozen=True):
    """Pending deliveries, tried or not, that are not to be sent after all, because their channel is
    off or no more.

    Attributes:
        keys: Of these.
        why: In words.
        at: When (Unix time).
    """

    keys: tuple[str, ...]
    why: str
    at: float


class Waiting(Struct, frozen=True):
    """What waits for one channel and is about one client.

    Attributes:
        pending: In order; at least one.
        told: The last of all that the channel was told of the client, or may have been: it was
            tried. None: nothing, as far as is remembered.
    """

    pending: tuple[Delivery, ...]
    told: Delivery | None

    @property
    def key(self) -> tuple[str, str]:
        """The channel and the client_id."""
        return self.pending[0].channel, self.pending[0].client_id


class Telling(Struct, frozen=True, gc=False):
    """What one decision has the store keep, all of it or nothing.

    Attributes:
        deliveries: New ones. One whose key is there already is left out.
        withdrawn: Keys of deliveries that are not to be sent after all, where they are pending.
        standings: To be inserted or overwritten; the last of one channel and client counts.
        settled: Channel and client_id of standings that are no more; none is among `standings`.
        given_up: What is given up with its channel.
    """

    deliveries: tuple[Delivery, ...] = ()
    withdrawn: tuple[str, ...] = ()
    standings: tuple[Standing, ...] = ()
    settled: tuple[tuple[str, str], ...] = ()
    given_up: tuple[GivenUp, ...] = ()


def merged(tellings: Iterable[Telling]) -> Telling:
    """Several decisions as one, in their order."""
    deliveries: list[Delivery] = []
    withdrawn: list[str] = []
    given_up: list[GivenUp] = []
    standings: dict[tuple[str, str], Standing | None] = {}
    for telling in tellings:
        deliveries += telling.deliveries
        withdrawn += telling.withdrawn
        given_up += telling.given_up
        standings.update({(s.channel, s.client_id): s for s in telling.standings})
        standings.update(dict.fromkeys(telling.settled))
    return Telling(
        tuple(deliveries),
        tuple(withdrawn),
        tuple(s for s in standings.values() if s is not None),
        tuple(key for key, s in standings.items() if s is None),
        tuple(given_up),
    )


class Attempt(Struct, frozen=True):
    """What became of sending some deliveries together.

    Attributes:
        state: `pending`: to be tried again at `due_at`.
        at: When it ended.
        error: Why it failed; "" where it did not.
    """

    keys: tuple[str, ...]
    state: DeliveryState
    at: float
    due_at: float
    error: str = ""


class Silence(Struct, frozen=True):
    """For a while, nothing is told of some clients.

    Attributes:
        id: The store gives it, 0 before.
        client: A client_id or a glob (`*`, `?`, `[…]`); None: any.
        group: Only members of this group; None: of any or none.
        reason: Why, in somebody's words.
    """

    client: str | None
    group: str | None
    since: float
    until: float
    reason: str = ""
    id: int = 0


class BrokenChannel(Struct, frozen=True):
    """A channel that refused for good: nothing is sent by it until it is fixed.

    Attributes:
        settings: A digest of its settings then: with others it is tried again.
    """

    channel: str
    since: float
    why: str
    settings: str
