"""What a `[store] url` may be, and what its connections are told."""

from pathlib import Path

import pytest
from sqlalchemy import text

from lastseen.server.store.engines import STATEMENT_TIMEOUT, make_engine, parse_url
from lastseen.server.store.errors import StoreUnusable

FOLDER = Path("/etc/lastseen")


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:///lastseen.db", "/etc/lastseen/lastseen.db"),
        ("sqlite:///data/lastseen.db", "/etc/lastseen/data/lastseen.db"),
        ("sqlite:////var/lib/lastseen.db", "/var/lib/lastseen.db"),
    ],
)
def test_a_file_is_relative_to_the_folder(url, file):
    assert parse_url(url, FOLDER).database == file


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg"])
def test_postgresql_is_reached_by_psycopg(scheme):
    assert parse_url(f"{scheme}://ann@db/x", FOLDER).drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    "url",
    ["", "lastseen.db", "sqlite://", "sqlite:///:memory:", "mysql://x/y", "postgresql://h:p:q/x"],
)
def test_anything_else_is_refused_with_what_was_expected(url):
    with pytest.raises(StoreUnusable, match=r"store\.url.*expected sqlite:///FILE, postgresql"):
        parse_url(url, FOLDER)


@pytest.mark.parametrize("url", ["mysql://ann:secret@h/x", "postgresql://ann:secret@h:port/x"])
def test_a_refusal_tells_no_password(url):
    with pytest.raises(StoreUnusable) as raised:
        parse_url(url, FOLDER)
    assert "secret" not in str(raised.value)


def setting(url, name):
    engine = make_engine(parse_url(url, FOLDER))
    with engine.connect() as connection:
        value = connection.execute(text(f"SHOW {name}")).scalar()
    engine.dispose()
    return value


def test_statements_have_a_time_limit_beside_what_the_url_asks_for(postgres):
    url = postgres.url("postgres")
    assert setting(url, "statement_timeout") == f"{STATEMENT_TIMEOUT}s"
    url += "&options=-c%20lock_timeout%3D50"
    assert setting(url, "statement_timeout") == f"{STATEMENT_TIMEOUT}s"
    assert setting(url, "lock_timeout") == "50ms"


def test_a_driver_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(StoreUnusable, match=r"pip install 'lastseen\[postgres\]'"):
        make_engine(parse_url("postgresql://ann@h/x", FOLDER))
