"""Looking after what the server remembers: `migrate`, `export`, `import`, `backup`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from lastseen.server.commands.files import making, reading
from lastseen.server.commands.options import STANDARD, ConfigPath, Source, Target
from lastseen.server.commands.output import output, say
from lastseen.server.config import load
from lastseen.server.errors import CommandFailed
from lastseen.server.store import opening, transfer
from lastseen.server.store.engines import parse_url
from lastseen.server.store.errors import StoreUnavailable, TransferFailed
from lastseen.server.store.store import Store


def migrate(*, config: ConfigPath = None) -> None:
    """Bring the tables of the store up to date."""
    url, folder = _place(config)
    done = opening.migrate(url, folder)
    store = f"the store {opening.shown_url(url, folder)}"
    if done.before == done.after:
        output(f"{store} is up to date: version {done.after}\n")
    else:
        output(f"{store} is now of version {done.after}; it {_was(done.before)}\n")


def export(file: Target, /, *, config: ConfigPath = None) -> None:
    """Write everything that is remembered to a new file of JSON lines."""
    count = None
    with _store(config, _to_read) as (store, url), making(file) as made:
        count = transfer.export(store, made)
    if count is not None:  # otherwise the reader of the output had enough
        say(f"{_name(file, 'standard output')}: {count:,} rows written, from {url}")


def import_(
    file: Source,
    /,
    *,
    create: Annotated[
        bool, Parameter(negative="", help="Create the store if there is none yet.")
    ] = False,
    config: ConfigPath = None,
) -> None:
    """Add what `export` wrote to the store, all of it or nothing."""
    name = _name(file, "standard input")
    with (
        reading(file) as found,
        _store(config, _to_create if create else _to_change) as (store, url),
    ):
        try:
            count = transfer.import_(store, found)
        except TransferFailed as error:
            raise CommandFailed(f"{name}: {error}") from error
    say(f"{name}: {count:,} rows read, into {url}")


def backup(
    path: Annotated[Path, Parameter(help="The file to make.")],
    /,
    *,
    config: ConfigPath = None,
) -> None:
    """Copy the SQLite file while the server runs."""
    with _store(config, _to_copy) as (store, url):
        transfer.backup(store, path)
    say(f"{path}: written, a copy of {url}")


@contextmanager
def _store(
    config: Path | None, opened: Callable[[str, Path], Store]
) -> Iterator[tuple[Store, str]]:
    """The store that the settings name and its URL, `opened` as a command needs it.

    Raises:
        CommandFailed: There is none, or it does not do what is asked of it.
    """
    url, folder = _place(config)
    store = opened(url, folder)
    try:
        yield store, opening.shown_url(url, folder)
    except StoreUnavailable as error:
        raise CommandFailed(str(error)) from error
    finally:
        store.close()


def _to_change(url: str, folder: Path) -> Store:
    if not opening.has_store(url, folder):
        shown = opening.shown_url(url, folder)
        raise CommandFailed(f"there is no store at {shown}: to create one, add --create")
    return _to_create(url, folder)


def _to_create(url: str, folder: Path) -> Store:
    return opening.open_store(url, folder, alone=True)


def _to_read(url: str, folder: Path) -> Store:
    _check_exists(url, folder)
    return opening.read_store(url, folder)


def _to_copy(url: str, folder: Path) -> Store:
    _check_exists(url, folder)
    return opening.read_store(url, folder, any_version=True)


def _place(config: Path | None) -> tuple[str, Path]:
    """The url, and the folder that a file in it is relative to."""
    loaded = load(config)
    if loaded.config.store.url == "none":
        raise CommandFailed('store.url is "none": this server remembers nothing, and has no store')
    return loaded.config.store.url, loaded.path.parent if loaded.path is not None else Path()


def _check_exists(url: str, folder: Path) -> None:
    """A plainer sentence than that the file cannot be opened."""
    parsed = parse_url(url, folder.absolute())
    if parsed.drivername == "sqlite" and not Path(str(parsed.database)).exists():
        raise CommandFailed(f"there is no store yet: {parsed.database} does not exist")


def _was(before: str | None) -> str:
    return "is new" if before is None else f"was of version {before}"


def _name(file: Path, standard: str) -> str:
    return standard if file == STANDARD else str(file)
