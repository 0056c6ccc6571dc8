"""[lan]: members of the IP Messenger family on the local network."""

from typing import Annotated, Literal

from msgspec import Meta

from lastseen.server.config.sections.section import (
    DAY,
    FASTEST,
    HOUR,
    NEEDS_RESTART,
    STEERABLE,
    Section,
)


class Lan(Section, frozen=True):
    """Members of the IP Messenger family (IP Messenger, FeiQ, iptux) announce themselves on the
    local network. The server joins as one of them, and lists the others as clients.
    """

    enabled: Annotated[
        bool,
        Meta(
            description="Be a member of the local network. Whoever is on it then sees this server, "
            "and can add clients named lan:ADDRESS to its list, but change nothing else.",
            extra=NEEDS_RESTART,
        ),
    ] = False
    port: Annotated[
        int,
        Meta(
            description="The UDP port of all members. Another one finds only members that were set "
            "to it, too.",
            ge=1,
            le=65535,
            extra=NEEDS_RESTART,
        ),
    ] = 2425
    bind: Annotated[
        str,
        Meta(
            description="The IPv4 address to be a member at. 0.0.0.0: at all of this machine, on "
            "all of its networks. One address: on its network only.",
            extra=NEEDS_RESTART,
        ),
    ] = "0.0.0.0"  # noqa: S104 - a LAN's members are found by broadcast; off unless asked for
    broadcast: Annotated[
        tuple[str, ...],
        Meta(
            description="The IPv4 addresses that announcements are sent to. Empty: the broadcast "
            "address of every network that this machine is on at that moment.",
            max_length=64,
        ),
    ] = ()
    announce_interval: Annotated[
        float,
        Meta(
            description="How often the server announces itself, which every living member answers: "
            "the heartbeat that the protocol lacks. Must lie within [limits].",
            ge=FASTEST,
            le=DAY,
            extra=STEERABLE,
        ),
    ] = 60
    peer_timeout: Annotated[
        float,
        Meta(
            description="A member silent for so long is given up on, after it was asked for itself "
            "many times during the second half. Must be more than announce_interval; rounded up to "
            "whole seconds.",
            ge=FASTEST,
            le=7 * DAY,
            extra=STEERABLE,
        ),
    ] = 180
    max_peers: Annotated[
        int,
        Meta(
            description="How many addresses of members may be known at once: anyone on the network "
            "can invent some. One more is passed over and counted.",
            ge=1,
            le=100_000,
        ),
    ] = 1_000
    user: Annotated[
        str,
        Meta(
            description="The user name that members see. Empty: that of the server's process.",
            max_length=64,
            extra=NEEDS_RESTART,
        ),
    ] = ""
    host: Annotated[
        str,
        Meta(
            description="The host name that members see. User and host together tell members "
            "apart. Empty: this machine's.",
            max_length=64,
            extra=NEEDS_RESTART,
        ),
    ] = ""
    nickname: Annotated[
        str,
        Meta(description="The name that members show to people.", max_length=64),
    ] = "lastseen"
    group: Annotated[
        str,
        Meta(description="The group that members show this server in.", max_length=64),
    ] = ""
    legacy_encoding: Annotated[
        Literal["cp932", "gbk"],
        Meta(
            description="The encoding of members that know no UTF-8: cp932 where people write "
            "Japanese, gbk where they write Chinese.",
        ),
    ] = "cp932"
    answer_delay: Annotated[
        float,
        Meta(
            description="From 10 members on, an announcement is answered after a random time up to "
            "this (from 50 members on twice, from 300 on four times), so that answers do not "
            "collide.",
            ge=0,
            le=HOUR,
        ),
    ] = 1
