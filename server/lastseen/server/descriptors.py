"""How many files this process may have open: every client is one."""

import resource

from lastseen.server import logs

SPARE = 100
"""Open files besides clients: listeners, the poll sets, the log, links on their way in or out."""

log = logs.get_logger()


def allow(connections: int) -> int:
    """Raise this process's limit of open files as far as it may go, for so many connections.

    Returns how many connections the limit leaves room for.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + SPARE
    allowed = soft
    if soft < needed:
        allowed = needed if hard == resource.RLIM_INFINITY else max(soft, min(needed, hard))
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        except (ValueError, OSError):  # "infinity" may be more than the system lets anyone have
            allowed = soft
        if allowed < needed:
            log.warning(
                "fewer open files are allowed than there may be connections",
                allowed=allowed,
                needed=needed,
                hint="raise LimitNOFILE or `ulimit -n`",
            )
    return max(allowed - SPARE, 1)
