"""Both databases, real: an SQLite file, and a PostgreSQL server of the session's own. Every test of
`url` or `store` runs over each.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, text

from lastseen.server.store.model import Event, KnownClient
from lastseen.server.store.opening import migrate, open_store
from lastseen.server.store.store import Store
from lastseen.server.store.tables import METADATA
from lastseen.server.store.telling import Delivery, Standing

settings.register_profile(
    "repeatable",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("repeatable")

NOW = 1_800_000_000.0
"""Unix time of everything that nobody says otherwise of."""

INSTALL = "PostgreSQL is not installed: apt-get install postgresql"


class Postgres:
    """A server in a folder of its own, reached by its socket there; trusts whoever can reach it."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder = folder
        self._binaries = binaries
        self._as_root = os.geteuid() == 0  # PostgreSQL refuses to run as root
        self._numbers = count()
        if self._as_root:
            shutil.chown(folder, "postgres", "postgres")
        self._run(
            "initdb", "-D", "data", "-U", "lastseen", "-A", "trust", "-E", "UTF8", "--no-sync"
        )

    def start(self) -> None:
        options = f"-c listen_addresses='' -c fsync=off -k {self.folder}"
        self._run("pg_ctl", "-D", "data", "-l", "log", "-w", "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", "data", "-w", "-m", "immediate", "stop")

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://lastseen@/{database}?host={self.folder}"

    def execute(self, statement: str) -> None:
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def new_database(self, template: str = "template0", options: str = "") -> str:
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} {options}")
        return name

    def _run(self, program: str, *arguments: str) -> None:
        user: dict[str, Any] = {}
        if self._as_root:
            user = {"user": "postgres", "group": "postgres", "extra_groups": []}
        command = [self._binaries / program, *arguments]
        # Not to a pipe: the server would keep it open.
        with (self.folder / f"{program}.out").open("w+") as output:
            done = subprocess.run(command, cwd=self.folder, stdout=output, stderr=output, **user)
            output.seek(0)
            assert done.returncode == 0, output.read()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not binaries:
        pytest.fail(INSTALL) if os.environ.get("CI") == "true" else pytest.skip(INSTALL)
    folder = Path(tempfile.mkdtemp(prefix="lastseen-postgres-"))  # short: it holds a socket
    try:
        server = Postgres(folder, binaries[-1].parent)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    """The name of a database with tables, to be copied."""
    name = postgres.new_database()
    migrate(postgres.url(name))
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database, without tables."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path}/test.db"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    name = postgres.new_database()
    yield postgres.url(name)
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with tables, to be copied."""
    path = tmp_path_factory.mktemp("empty") / "empty.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def emptied(postgres: Postgres) -> Iterator[Store]:
    """A store that is emptied after each test: sooner than making a database for each."""
    store = open_store(postgres.url(postgres.new_database()))
    yield store
    store.close()


@pytest.fixture
def store(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("empty_file"), tmp_path / "test.db")
        store = open_store(f"sqlite:///{tmp_path}/test.db")
        yield store
        store.close()
        return
    store = request.getfixturevalue("emptied")
    yield store
    with store.database.writing() as connection:
        tables = ", ".join(METADATA.tables)
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))


@pytest.fixture
def known() -> Callable[..., KnownClient]:
    """Makes a client: `known("web-01", ip="10.0.0.1")`."""
    return _known


@pytest.fixture
def event() -> Callable[..., Event]:
    """Makes an event: `event("web-01", "online", at=5.0)`."""
    return _event


@pytest.fixture
def delivery() -> Callable[..., Delivery]:
    """Makes a delivery: `delivery("key-1", "web-01", channel="hook", due_at=5.0)`."""
    return _delivery


@pytest.fixture
def standing() -> Callable[..., Standing]:
    """Makes a standing: `standing("web-01", channel="hook")`."""
    return _standing


def _known(client_id: str = "web-01", **changes: Any) -> KnownClient:
    fields = {
        "client_id": client_id,
        "name": "Web",
        "hostname": "web-01.example",
        "ip": "10.0.0.1",
        "port": 50_312,
        "via": "tcp",
        "user_name": "ann",
        "nickname": "Ann",
        "avatar": "https://example.org/a.png",
        "groups": ("web", "eu"),
        "meta": {"rack": 7, "load": 0.5, "os": "linux", "spare": None, "up": True},
        "availability": "busy",
        "note": "in a call",
        "last_seen": NOW,
        "first_seen": NOW,
        "updated_at": NOW,
    }
    return KnownClient(**(fields | changes))


def _event(client_id: str, after: str, at: float = NOW, **changes: Any) -> Event:
    fields = {
        "client_id": client_id,
        "before": "online" if after == "offline" else "offline",
        "after": after,
        "reason": "timeout" if after == "offline" else "registered",
        "at": at,
        "last_seen": at,
        "deadline": None,
        "epoch": "run-1",
        "address": "10.0.0.1:50312",
    }
    return Event(**(fields | changes))


def _delivery(key: str, client_id: str = "web-01", **changes: Any) -> Delivery:
    fields = {
        "key": key,
        "channel": "hook",
        "kind": "offline",
        "client_id": client_id,
        "notice": {"at": NOW, "client": {"groups": ["web"]}},
        "created_at": NOW,
        "due_at": NOW,
    }
    return Delivery(**(fields | changes))


def _standing(client_id: str, channel: str = "hook", **changes: Any) -> Standing:
    fields = {
        "channel": channel,
        "client_id": client_id,
        "said": "offline",
        "offline": True,
        "changed_at": NOW,
        "notice": {"at": NOW},
    }
    return Standing(**(fields | changes))
