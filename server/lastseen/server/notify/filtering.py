"""Which channel hears of which client. Pure."""

from fnmatch import fnmatchcase

from lastseen.server.config.sections.channels import Channel
from lastseen.shared.messages import ClientRecord


def hears_of(channel: Channel, client: ClientRecord) -> bool:
    """Whether a channel asked for what happens to a client, as it is when it goes offline.

    A filter that is empty passes everyone; of several, all must pass.
    """
    return (
        _passes(channel.via, client.via)
        and _passes(channel.reasons, client.reason)
        and (not channel.groups or not set(channel.groups).isdisjoint(client.groups))
        and (not channel.clients or any(fnmatchcase(client.client_id, g) for g in channel.clients))
    )


def _passes(wanted: tuple[str, ...], met: str) -> bool:
    return not wanted or met in wanted
