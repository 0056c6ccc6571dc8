"""What can be asked over a link, by one who is present and by one who only looks on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from lastseen.client.arguments import mapping_of
from lastseen.client.forking import NotPickled
from lastseen.client.pages import Pages
from lastseen.client.supervisor import Supervisor
from lastseen.client.watching import Watching
from lastseen.shared.messages import (
    ChannelEnabled,
    ChannelRecord,
    Channels,
    ClientList,
    ClientRecord,
    ClientUptime,
    Deliveries,
    DeliveryRecord,
    DeliveryState,
    EnableChannel,
    EventRecord,
    Forget,
    Forgotten,
    GetChannels,
    GetDeliveries,
    GetHistory,
    GetSettings,
    GetSilences,
    GetStats,
    GetUptime,
    History,
    List,
    Retried,
    Retry,
    Settings,
    Silence,
    Silenced,
    SilenceRecord,
    Silences,
    Stats,
    Unsilence,
    Unsilenced,
    UpdateSettings,
    Uptime,
    Via,
)


class Observer(NotPickled):
    """What can be asked over a link.

    Every request raises `LinkLost` where there is no link, it breaks, or no answer comes within
    10 s, and `Refused` where the server says no: `no_store`, say, where it remembers nothing and is
    asked about the past or about notifications.
    """

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    @property
    def heartbeat_interval(self) -> float:
        """Seconds between pings, as the server last said."""
        latest = self._supervisor.latest
        return latest.heartbeat_interval if latest else 0.0

    def clients(
        self,
        *,
        status: Literal["online", "late", "offline", "all"] | None = None,
        group: str | None = None,
        search: str | None = None,
        via: Via | None = None,
    ) -> Pages[ClientList, ClientRecord]:
        """Every client that fits, in the order of their ids, page by page as they are consumed.

        Args:
            status: None means everyone present (online or late).
            group: Only members of it.
            search: Only where client_id, name, hostname or address contains it, whatever the case.
            via: Only those whose last sign of life came that way.
        """
        request = List(status=status, group=group, search=search, via=via)
        return Pages(self._supervisor, request, ClientList, lambda page: page.clients)

    def history(
        self, client_id: str, *, since: datetime | None = None
    ) -> Pages[History, EventRecord]:
        """What happened to a client, the latest first, page by page as it is consumed.

        Args:
            client_id: Whose transitions.
            since: Only what happened at or after this moment, which must have a time zone.
        """
        request = GetHistory(client_id, since=since)
        return Pages(self._supervisor, request, History, lambda page: page.events, "before")

    def uptime(self, client_id: str | None = None) -> Pages[Uptime, ClientUptime]:
        """How much of a day, a week and a month each client was online, in the order of their ids.

        Only time that the server was awake to watch counts.

        Args:
            client_id: Only this one; None means everyone, page by page as they are consumed.
        """
        request = GetUptime(client_id)
        return Pages(self._supervisor, request, Uptime, lambda page: page.clients)

    async def forget(self, client_id: str) -> None:
        """Forget a client that is offline, and its history.

        Raises:
            Refused: It is present (`client_present`), or nobody knows it (`unknown_client`).
        """
        await self._supervisor.request(Forget(client_id), Forgotten)

    async def silence(
        self,
        seconds: float,
        *,
        client: str | None = None,
        group: str | None = None,
        reason: str = "",
    ) -> SilenceRecord:
        """Have nobody told of some clients for a while; what is still offline then is told then.

        Args:
            seconds: For how long, from now on: a minute to a year.
            client: A client_id or a glob; with `group`, only those that fit both.
            group: Only members of it.
            reason: Why, for those who wonder.

        Raises:
            Refused: Neither a client nor a group is named (`bad_silence`), or there are too many
                silences already (`too_many_silences`).
        """
        request = Silence(seconds, client, group, reason)
        return (await self._supervisor.request(request, Silenced)).silence

    def silences(self) -> Pages[Silences, SilenceRecord]:
        """What is silenced now; planned maintenance that goes on comes last, and has no `id`."""
        return Pages(self._supervisor, GetSilences(), Silences, lambda page: page.silences)

    async def unsilence(self, silence_id: int) -> None:
        """End a silence now.

        Raises:
            Refused: There is none of this id (`unknown_silence`).
        """
        await self._supervisor.request(Unsilence(silence_id), Unsilenced)

    def deliveries(
        self,
        *,
        channel: str | None = None,
        client_id: str | None = None,
        state: DeliveryState | None = None,
    ) -> Pages[Deliveries, DeliveryRecord]:
        """What was told to whom or is to be, the latest first, page by page as it is consumed.

        Args:
            channel: Only by the channel of this name.
            client_id: Only of this client.
            state: Only those in this state.
        """
        request = GetDeliveries(channel, client_id, state)
        return Pages(self._supervisor, request, Deliveries, lambda page: page.deliveries, "before")

    async def retry(self, delivery_id: int) -> DeliveryRecord:
        """Have a failed delivery tried again, now.

        Raises:
            Refused: There is none of this id (`unknown_delivery`), it was sent or withdrawn
                (`already_settled`), or its channel is not in the settings (`unknown_channel`).
        """
        return (await self._supervisor.request(Retry(delivery_id), Retried)).delivery

    def channels(self) -> Pages[Channels, ChannelRecord]:
        """Who is told, and how that goes, in the order of their names."""
        return Pages(self._supervisor, GetChannels(), Channels, lambda page: page.channels)

    async def enable_channel(self, name: str) -> None:
        """Have a broken channel used again, as it is mended.

        Raises:
            Refused: The settings have none of this name (`unknown_channel`), or have it off
                (`channel_disabled`).
        """
        await self._supervisor.request(EnableChannel(name), ChannelEnabled)

    def watch(self) -> Watching:
        """The changes of everyone's presence, without end; the first is a snapshot.

        After a reconnect it goes on where it was.
        """
        return Watching(self._supervisor)

    async def settings(self) -> Settings:
        """The server's settings that concern clients, in seconds."""
        return await self._supervisor.request(GetSettings(), Settings)

    async def update_settings(
        self,
        heartbeat_interval: float | None = None,
        connection_timeout: float | None = None,
        *,
        values: Mapping[str, float | None] | None = None,
        reset: bool = False,
    ) -> Settings:
        """Change the server's settings; a restart keeps that. `Refused`: nothing has changed.

        Args:
            heartbeat_interval: In seconds.
            connection_timeout: In seconds.
            values: Other settings by their dotted keys, like `websocket.ping_interval`; None takes
                a change back.
            reset: Take all changes back, before these are made.
        """
        others = mapping_of("values", values)
        request = UpdateSettings(heartbeat_interval, connection_timeout, others, reset)
        return await self._supervisor.request(request, Settings)

    async def stats(self) -> Stats:
        """How the server is."""
        return await self._supervisor.request(GetStats(), Stats)

    async def ping(self) -> float:
        """The round-trip time to the server, in seconds."""
        return await self._supervisor.current().ping()
