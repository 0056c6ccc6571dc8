"""The page at `/`, and `lastseen.js` for the pages of others."""

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from lastseen.server.http.folder import File, Folder
from lastseen.server.http.problems import Problem

FOR_OTHERS = {"lastseen.js", "lastseen.d.ts"}
"""A library: a page of any origin may load it as a module, which needs leave."""

_REVALIDATE = "no-cache"
"""Kept, and asked for anew each time by its tag: after an update nobody has half of the old."""


@get("/", include_in_schema=False)
async def index(
    request: Request[Any, Any, Any], folder: NamedDependency[Folder]
) -> Response[bytes]:
    """The page."""
    return _served(request, folder.find(""), "")


@get("/{file_path:path}", include_in_schema=False)
async def file(
    request: Request[Any, Any, Any], folder: NamedDependency[Folder], file_path: FromPath[str]
) -> Response[bytes]:
    """A file of the page."""
    name = str(file_path).lstrip("/")
    return _served(request, folder.find(name), name)


def _served(request: Request[Any, Any, Any], found: File | None, name: str) -> Response[bytes]:
    if found is None:
        raise Problem("not_found", "no such path")
    headers = {"etag": found.tag, "cache-control": _REVALIDATE}
    if name in FOR_OTHERS:
        headers |= {
            "access-control-allow-origin": "*",
            "cross-origin-resource-policy": "cross-origin",
        }
    if _has(request.headers.get("if-none-match", ""), found.tag):
        return Response(b"", status_code=304, headers=headers, media_type=found.media_type)
    return Response(found.content, headers=headers, media_type=found.media_type)


def _has(tags: str, tag: str) -> bool:
    """Whether `If-None-Match` names it; proxies that compress make its comparison weak."""
    return tag in (one.strip().removeprefix("W/") for one in tags.split(","))
