"""The door for WebSockets: who may come, and what is made of each one that does."""

import socket
from functools import partial

from lastseen.server.hosts import own_hosts
from lastseen.server.links.desk import Desk
from lastseen.server.links.handshake import House
from lastseen.server.links.heartbeat import Heartbeat, Rhythm
from lastseen.server.links.origins import Origins
from lastseen.server.links.reception import Reception
from lastseen.server.links.web_conversation import WebConversation
from lastseen.server.links.websocket import WebSocketProtocol


class Browsers:
    """Every WebSocket.

    Attributes:
        heartbeat: Asks each whether it lives; its `run` is a task.
    """

    def __init__(self, reception: Reception, desk: Desk) -> None:
        """What needs a restart is read now."""
        steering = desk.steering
        settings = steering.config.websocket
        shown_at = [settings.public_url, steering.config.http.public_url]
        own = own_hosts(steering.config, socket.gethostname())
        origins = Origins(settings.origins, [*filter(None, shown_at)], own)

        def rhythm() -> Rhythm:
            return steering.config.websocket

        self.heartbeat = Heartbeat(desk.presence.clock, rhythm)
        self._house = House(settings.path, origins)
        self._reception = reception
        self._converse = partial(WebConversation, desk=desk, heartbeat=self.heartbeat)

    def admit(self, sock: socket.socket, peer: tuple[str, int]) -> None:
        """A connection has come in; its handshake is still to come."""
        self._reception.admit(sock, peer, WebSocketProtocol(self._house), self._converse)
