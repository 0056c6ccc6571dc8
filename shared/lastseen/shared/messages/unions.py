"""Which messages go to the server and which to the client, and which requests ask the store."""

from lastseen.shared.messages.base import Error
from lastseen.shared.messages.clients import ClientList, Diff, List, Watch
from lastseen.shared.messages.links import (
    Goodbye,
    Leave,
    Ping,
    Pong,
    Register,
    Registered,
    SetAvailability,
)
from lastseen.shared.messages.remembering import (
    Forget,
    Forgotten,
    GetHistory,
    GetUptime,
    History,
    Uptime,
)
from lastseen.shared.messages.settings import GetSettings, Settings, UpdateSettings
from lastseen.shared.messages.stats import GetStats, Stats
from lastseen.shared.messages.telling import (
    ChannelEnabled,
    Channels,
    Deliveries,
    EnableChannel,
    GetChannels,
    GetDeliveries,
    GetSilences,
    Retried,
    Retry,
    Silence,
    Silenced,
    Silences,
    Unsilence,
    Unsilenced,
)

ToServer = (
    Register
    | Ping
    | SetAvailability
    | Leave
    | List
    | Watch
    | GetSettings
    | UpdateSettings
    | GetStats
    | GetHistory
    | GetUptime
    | Forget
    | Silence
    | GetSilences
    | Unsilence
    | GetDeliveries
    | Retry
    | GetChannels
    | EnableChannel
)

Question = List | GetHistory | GetUptime | Forget
"""Requests that may need what was remembered: they are answered when the store has answered."""

NotifyQuestion = (
    Silence | GetSilences | Unsilence | GetDeliveries | Retry | GetChannels | EnableChannel
)
"""Requests about who is told of what; the store answers them, too."""

ToClient = (
    Registered
    | Pong
    | ClientList
    | Diff
    | Settings
    | Stats
    | History
    | Uptime
    | Forgotten
    | Silenced
    | Silences
    | Unsilenced
    | Deliveries
    | Retried
    | Channels
    | ChannelEnabled
    | Error
    | Goodbye
)
