"""What `store.url` may be, and that nobody is told the password in it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.config.store_url import problem_with
from lastseen.server.store.engines import parse_url
from lastseen.server.store.errors import StoreUnusable

GOOD = (
    "sqlite:///lastseen.db",
    "sqlite:////var/lib/lastseen.db",
    "sqlite+pysqlite:///a/b.db?mode=rw",
    "postgresql+psycopg://ann:secret@db.example.org/x",
    "postgresql://ann@db:5432/x?sslmode=require",
    "postgresql://[::1]:5432/x",
    "postgresql+psycopg://ann:a/b:c%40@h/x",
    "postgresql:///x?host=/run/postgresql",
    "postgresql://",
)

WRONG = (
    "mysql://x/y",
    "sqlite://relative",
    "sqlite://folder/file.db",
    "sqlite:///",
    "sqlite:///:memory:",
    "sqlite:/one.db",
    "lastseen.db",
    "None",
    " sqlite:///x",
    "postgres://ann@h/x",
    "postgresql+psycopg2://h/x",
    "postgresql://h:port/x",
    "postgresql://h:65536/x",
    "postgresql://h:0/x",
)


@pytest.mark.parametrize("url", [*GOOD, "none"])
def test_a_url_of_a_form_that_we_know_is_good(url: str):
    assert problem_with(url) is None


@pytest.mark.parametrize("url", WRONG)
def test_any_other_is_wrong_and_says_what_was_expected(url: str):
    problem = problem_with(url)
    assert problem is not None
    assert problem.startswith("expected sqlite:///FILE, postgresql+psycopg://USER")


@given(st.sampled_from(GOOD + WRONG), st.integers(0, 60), st.text("/:@?[]%#. ax\n", max_size=3))
def test_the_store_takes_every_url_that_passes(url: str, place: int, more: str):
    url = url[:place] + more + url[place:]
    try:
        parse_url(url, Path("/"))
    except StoreUnusable:
        assert problem_with(url) is not None


@pytest.mark.parametrize(
    ("url", "met"),
    [
        ("mysql://ann:secret@h/x", "'mysql://…'"),
        ("postgresql://ann:se@secret@h/x", "'postgresql://…'"),
        ("postgresql://ann:secret/x", "'postgresql://…'"),
        ("sqlite://ann:secret@h/x", "'sqlite://…'"),
        ("ann:secret", "something else (not shown: it may hold a password)"),
        ("sqlite://x", "'sqlite://x'"),
        ("nine", "'nine'"),
    ],
)
def test_what_was_met_is_shown_without_a_password(url: str, met: str):
    problem = problem_with(url)
    assert problem is not None
    assert problem.endswith(f", got {met}")
    assert "secret" not in problem
