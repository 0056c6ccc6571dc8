"""Every setting: its type, bounds, default and reason, section by section. config.toml is written
from here.
"""

from msgspec import field

from lastseen.server.config.sections.detector import Detector
from lastseen.server.config.sections.http import Http
from lastseen.server.config.sections.lan import Lan
from lastseen.server.config.sections.limits import Limits
from lastseen.server.config.sections.log import Log
from lastseen.server.config.sections.notify import Notify
from lastseen.server.config.sections.section import Section
from lastseen.server.config.sections.server import Server
from lastseen.server.config.sections.store import Store
from lastseen.server.config.sections.websocket import WebSocket


class Config(Section, frozen=True):
    """All settings. Make a changed copy by `msgspec.structs.replace`, and `check` it."""

    server: Server = field(default_factory=Server)
    detector: Detector = field(default_factory=Detector)
    limits: Limits = field(default_factory=Limits)
    store: Store = field(default_factory=Store)
    websocket: WebSocket = field(default_factory=WebSocket)
    http: Http = field(default_factory=Http)
    lan: Lan = field(default_factory=Lan)
    notify: Notify = field(default_factory=Notify)
    log: Log = field(default_factory=Log)
