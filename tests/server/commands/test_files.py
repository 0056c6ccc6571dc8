from pathlib import Path

import pytest

from lastseen.server.commands.files import making, reading
from lastseen.server.errors import CommandFailed


def make_half(path: Path, error: BaseException) -> None:
    with making(path) as file:
        file.write(b"half")
        raise error


def test_a_file_is_made_whole():
    with making(Path("new")) as file:
        file.write(b"whole")
    assert Path("new").read_bytes() == b"whole"
    with reading(Path("new")) as file:
        assert file.read() == b"whole"


@pytest.mark.parametrize("error", [ValueError("ours"), KeyboardInterrupt(), CommandFailed("no")])
def test_where_the_block_fails_there_is_no_file(error: BaseException):
    with pytest.raises(type(error)):
        make_half(Path("new"), error)
    assert not Path("new").exists()


def test_a_disk_that_is_full_is_a_sentence_and_leaves_no_file():
    with pytest.raises(CommandFailed, match="new: cannot be written: No space"):
        make_half(Path("new"), OSError(28, "No space left on device"))
    assert not Path("new").exists()


def test_an_existing_file_is_left_as_it_is():
    Path("old").write_text("old")
    with pytest.raises(CommandFailed, match="old: exists already"), making(Path("old")):
        pass
    assert Path("old").read_text() == "old"


def test_what_cannot_be_opened_is_a_sentence():
    with pytest.raises(CommandFailed, match=r"no/new: cannot be written: No such file"):
        making(Path("no/new")).__enter__()
    with pytest.raises(CommandFailed, match=r"\.: cannot be read: Is a directory"):
        reading(Path()).__enter__()
