"""The log of changes that somebody asked for: what was changed, and by which address."""

from lastseen.server import logs
from lastseen.shared.messages import (
    Answer,
    ChannelEnabled,
    Forgotten,
    Retried,
    Silenced,
    Unsilenced,
)

log = logs.get_logger()


def log_change(answer: Answer, by: str) -> None:
    """Log what an answer confirms. An answer that only reports changes nothing and is not logged.

    Args:
        answer: The answer to a query.
        by: The address of the peer that asked, as `host:port`.
    """
    match answer:
        case Silenced(silence=silence):
            log.info(
                "silenced",
                by=by,
                id=silence.id,
                clients=silence.clients,
                groups=silence.groups,
                until=silence.until.isoformat(timespec="seconds"),
                reason=silence.reason,
            )
        case Unsilenced(id=silence_id):
            log.info("unsilenced", by=by, id=silence_id)
        case Retried(delivery=delivery):
            log.info("retried", by=by, delivery=delivery.id, channel=delivery.channel)
        case ChannelEnabled(name=name):
            log.info("channel enabled", by=by, channel=name)
        case Forgotten(client_id=client_id):
            log_forgotten(client_id, by)


def log_forgotten(client_id: str, by: str) -> None:
    """Log that a client and its history were deleted on request."""
    log.info("client forgotten", by=by, client_id=client_id)


def log_kicked(client_id: str, by: str) -> None:
    """Log that the sessions of a client were ended on request."""
    log.info("client kicked", by=by, client_id=client_id)
