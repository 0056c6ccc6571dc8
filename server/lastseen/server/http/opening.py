"""HTTP as the composition root needs it: made of the server's other parts in one call."""

import socket
from collections.abc import Callable

from lastseen.server.config.sections.http import Http
from lastseen.server.hosts import own_hosts
from lastseen.server.http.app import make_app
from lastseen.server.http.asking import Asker, Asking
from lastseen.server.http.desk import ChannelTester, Desk, Past
from lastseen.server.http.metrics import Parts
from lastseen.server.http.origins import Origins
from lastseen.server.http.serving import HttpServer
from lastseen.server.http.settings import view
from lastseen.server.http.stream import Readers, to_event
from lastseen.server.presence.presence import Presence
from lastseen.server.steering import Steering
from lastseen.shared.messages import NotifyQuestion, Stats


def open_http(
    settings: Http,
    presence: Presence,
    steering: Steering,
    stats: Callable[[], Stats],
    past: Past | None,
    telling: Asker[NotifyQuestion] | None,
    tester: ChannelTester | None,
    parts: Parts,
) -> HttpServer:
    """A server for the connections that come in; without a store, `past`, `telling`
    and `tester` are None.

    Presence must encode diffs in `stream.FORMAT`.
    """
    readers = Readers(presence)
    desk = Desk(presence, steering, stats, past, Asking(), telling, tester)
    steering.witnesses.append(lambda: readers.tell(to_event("settings", view(steering))))
    own = own_hosts(steering.config, socket.gethostname())
    origins = Origins(own, settings.public_url)
    app = make_app(desk, readers, origins, settings.base_path, parts=parts)
    return HttpServer(app, readers, settings)
