"""The files of the page, as they lie in a folder: found by name, read again when they change."""

import hashlib
import re
from pathlib import Path

from msgspec import Struct

PAGE = Path(__file__).parent.parent / "web"

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
"""No segment begins with a dot, so no path leads out of the folder, or to what is hidden in it."""

_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".ts": "text/plain",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/vnd.microsoft.icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain",
}
"""What else lies there is not served. Python's own table depends on the machine."""


class File(Struct, frozen=True):
    """A file as it is served. `tag` is an entity tag (RFC 9110, section 8.8.3)."""

    content: bytes
    media_type: str
    tag: str


class Folder:
    """A folder of small files, kept in memory once they were asked for."""

    def __init__(self, path: Path = PAGE) -> None:
        self._path = path
        self._kept: dict[str, tuple[tuple[int, int], File]] = {}

    def find(self, name: str) -> File | None:
        """The file of this name, `index.html` for none; None if there is none to be served."""
        name = name or "index.html"
        media_type = _TYPES.get(Path(name).suffix)
        if media_type is None or not _NAME.fullmatch(name):
            return None
        path = self._path / name
        try:
            found = path.stat()
            version = found.st_mtime_ns, found.st_size
            if name not in self._kept or self._kept[name][0] != version:
                self._kept[name] = version, _file(path.read_bytes(), media_type)
        except (OSError, ValueError):
            return None
        return self._kept[name][1]


def _file(content: bytes, media_type: str) -> File:
    digest = hashlib.blake2b(content, digest_size=12).hexdigest()
    return File(content, media_type, f'"{digest}"')
