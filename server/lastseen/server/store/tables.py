"""What is kept. The tables as statements see them; the migrations make them.

Status is nowhere: it is computed, from the registry while the server runs.
"""

from sqlalchemy import BigInteger, Boolean, Column, Integer, MetaData, Table

from lastseen.server.store.columns import KEY, Json, Moment, Words
from lastseen.server.store.model import MetaData as ClientMeta

METADATA = MetaData()

CLIENTS = Table(
    "clients",
    METADATA,
    Column("id", KEY, primary_key=True),
    Column("client_id", Words, nullable=False, unique=True),
    Column("name", Words, nullable=False),
    Column("hostname", Words, nullable=False),
    Column("ip", Words, nullable=False),
    Column("port", Integer, nullable=False),
    Column("via", Words, nullable=False),
    Column("user_name", Words, nullable=False),
    Column("nickname", Words, nullable=False),
    Column("avatar", Words, nullable=False),
    Column("groups", Json(tuple[str, ...]), nullable=False),
    Column("meta", Json(ClientMeta), nullable=False),
    Column("availability", Words, nullable=False),
    Column("note", Words, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    # Where the client's events end: the last sign of life before the event that took it offline,
    # NULL when no event has done so since it was last online. Not its status (that is computed, and
    # a client whose server died stays NULL until a new run gives it up): the last event, kept where
    # two partial indexes find it. One holds only clients that were online, so that a restart reads
    # few rows of a million; the other holds the others by age, so that cleaning up does. And
    # `last_seen`, which changes all the time, needs no index.
    Column("offline_since", Moment),
    Column("timeout", Moment),  # lengths of time, kept to the microsecond as moments are
    Column("every", Moment),
    Column("heard_awake", Moment, nullable=False),
)

EVENTS = Table(
    "events",
    METADATA,
    Column("id", KEY, primary_key=True),
    Column("client_id", Words, nullable=False),
    Column("before", Words, nullable=False),
    Column("after", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Column("deadline", Moment),
    Column("epoch", Words, nullable=False),
    Column("number", BigInteger),  # NULL for none: unique together with epoch
    Column("address", Words, nullable=False),
)

RUNS = Table(
    "runs",
    METADATA,
    Column("id", KEY, primary_key=True),
    Column("epoch", Words, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("heartbeat_at", Moment, nullable=False),
    Column("clean", Boolean, nullable=False),
    Column("awake", Moment, nullable=False),
)

SETTINGS = Table(
    "settings",
    METADATA,
    Column("key", Words, primary_key=True),
    Column("value", Json(), nullable=False),
)

DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("id", KEY, primary_key=True),
    Column("key", Words, nullable=False, unique=True),
    Column("channel", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("client_id", Words, nullable=False),
    Column("notice", Json(), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("epoch", Words, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("state", Words, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("message", Words, nullable=False),
    Column("error", Words, nullable=False),
    Column("settled_at", Moment),
    Column("event_id", BigInteger),
    # No earlier delivery of the same channel and client is pending (of those that are; of the
    # others it says nothing). Kept, and in an index with due_at, because order costs too much when
    # it is asked for: behind a receiver that is down wait as many as there are, all of them due but
    # for the foremost of each client.
    Column("foremost", Boolean, nullable=False),
)

STANDINGS = Table(
    "standings",
    METADATA,
    Column("client_id", Words, primary_key=True),
    Column("channel", Words, primary_key=True),
    Column("said", Words, nullable=False),
    Column("offline", Boolean, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("notice", Json(), nullable=False),
    Column("since", Moment),
    Column("muted", Words, nullable=False),
    Column("held", Words, nullable=False),
    Column("held_until", Moment, nullable=False),
    Column("remind_at", Moment),
    Column("epoch", Words, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("knew", Words, nullable=False),
    Column("thread", Words, nullable=False),
)

SILENCES = Table(
    "silences",
    METADATA,
    Column("id", KEY, primary_key=True),
    Column("client", Words),
    Column("group", Words),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("reason", Words, nullable=False),
)

BROKEN_CHANNELS = Table(
    "broken_channels",
    METADATA,
    Column("channel", Words, primary_key=True),
    Column("since", Moment, nullable=False),
    Column("why", Words, nullable=False),
    Column("settings", Words, nullable=False),
)
