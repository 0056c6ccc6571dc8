"""A thousand links break at one moment: who comes back was never away, and nobody waits."""

import socket
import struct
import time
from typing import Any

import pytest

from lastseen.shared.messages import Register

CROWD = 1_000

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER by which a close is a reset."""

LONGEST_PING = 2.0
"""Seconds, on a busy machine. A pass over the crowd takes milliseconds."""


def come(wire: Any, server: Any, client_ids: list[str]) -> list[Any]:
    links = [wire(server) for _ in client_ids]
    for link, client_id in zip(links, client_ids, strict=True):
        link.say(Register(client_id))
    assert [link.hear().client_id for link in links] == client_ids
    return links


@pytest.mark.usefixtures("many_files")
def test_who_is_back_within_the_grace_was_never_offline_and_the_others_are(
    start: Any, wire: Any, honest: Any, faultless: Any, until_slowly: Any
):
    grace = 8
    server = start(
        server={"heartbeat_interval": 60, "connection_timeout": 120, "reconnect_grace": grace}
    )
    clients = honest(server, 5)
    client_ids = [f"web-{number:04}" for number in range(CROWD)]
    links = come(wire, server, client_ids)
    began = time.monotonic()
    for number, link in enumerate(links):
        if number % 2:
            link.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        link.close()
    delays = clients.ping()
    until_slowly(lambda: len(server.events("client late", reason="closed")) == CROWD, "all late")
    delays += clients.ping()
    back = client_ids[::2]
    come(wire, server, back)
    in_time = time.monotonic() - began < grace
    until_slowly(
        lambda: len(server.events("client offline", reason="closed")) >= CROWD / 2, "others offline"
    )
    delays += clients.ping()
    records = wire(server).list_all()
    assert {records[client_id].status for client_id in back} == {"online"}
    assert {records[client_id].status for client_id in client_ids[1::2]} == {"offline"}
    if in_time:  # else this machine was too busy to bring them back
        assert not {e["client_id"] for e in server.events("client offline")} & set(back)
    assert max(delays) < LONGEST_PING
    faultless(server)
