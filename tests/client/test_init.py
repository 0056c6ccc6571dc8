"""The package itself: every name is there, and none costs anything before it is used."""

import importlib
import subprocess
import sys

import pytest

import lastseen.client


def loaded_by(program: str) -> set[str]:
    printed = subprocess.run(
        [sys.executable, "-c", f"import sys; {program}; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(printed.stdout.split())


@pytest.mark.parametrize("name", lastseen.client.__all__)
def test_every_name_that_it_promises_can_be_had_and_listed(name):
    assert hasattr(lastseen.client, name)
    assert name in dir(lastseen.client)


def test_it_promises_what_it_knows_where_to_find_and_no_more():
    known = [name for names in lastseen.client._WHERE.values() for name in names]
    assert sorted(known) == sorted(lastseen.client.__all__)


def test_a_name_is_the_same_thing_as_where_it_is_made():
    for module, names in lastseen.client._WHERE.items():
        made = importlib.import_module(f"lastseen.client.{module}")
        assert all(getattr(lastseen.client, name) is getattr(made, name) for name in names)


def test_a_name_that_it_does_not_have_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"'lastseen\.client' has no attribute 'conect'"):
        lastseen.client.conect  # noqa: B018 (the error is what is wanted)
    with pytest.raises(ImportError):
        from lastseen.client import conect  # noqa: F401


def test_the_package_and_the_start_of_the_command_load_next_to_nothing():
    loaded = loaded_by("import lastseen.client.__main__")
    assert not loaded & {"trio", "msgspec", "cyclopts", "typing", "lastseen.client.presence"}


def test_a_name_loads_what_it_needs():
    assert "trio" in loaded_by("from lastseen.client import connect")
    assert "trio" not in loaded_by("from lastseen.client import Refused")
