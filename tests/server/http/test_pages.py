"""The page's files: what is served, as what, and that nothing else is."""

from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from lastseen.server.http.folder import Folder


@pytest.fixture(autouse=True)
def web(tmp_path: Path) -> Path:
    """A page, and what lies beside it."""
    web = tmp_path / "web"
    (web / "parts").mkdir(parents=True)
    (web / "index.html").write_text("<!doctype html>")
    (web / "parts" / "list.js").write_text("export {}")
    for path in (
        web / "lastseen.js",
        web / "notes.md",
        web / ".secret.js",
        tmp_path / "outside.js",
    ):
        path.write_text("//")
    return web


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/parts/list.js", "text/javascript; charset=utf-8"),
    ],
)
async def test_the_page_and_its_parts_are_served(
    path: str, media_type: str, client: httpx.AsyncClient
):
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert answer.content


@pytest.mark.parametrize(
    "path",
    ["/notes.md", "/.secret.js", "/../outside.js", "/%2e%2e/outside.js", "/..%2foutside.js",
     "/parts/%2e%2e%2foutside.js", "/parts", "/parts/", "/%00.js", "/nope.js"],
)  # fmt: skip
async def test_nothing_else_is(path: str, house: Any):
    sent: list[Any] = []

    messages = [{"type": "http.request", "body": b""}]

    async def receive() -> Any:
        if not messages:
            await trio.sleep_forever()
        return messages.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    # Spoken by hand: clients take dots out of a path before they send it.
    headers = [(b"host", b"localhost")]
    scope = {"type": "http", "method": "GET", "raw_path": path.encode(), "headers": headers}
    await house.app(scope | {"query_string": b"", "path": path}, receive, send)
    assert sent[0]["status"] == 404


@pytest.mark.parametrize(
    "name", ["../outside.js", "parts/../../outside.js", "/etc/hosts.txt", "\0.js"]
)
def test_no_name_leads_out_of_the_folder(name: str, web: Any):
    assert Folder(web).find(name) is None


async def test_a_file_that_a_browser_has_is_not_sent_again(web: Any, client: httpx.AsyncClient):
    first = await client.get("/")
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "no-cache"
    again = await client.get("/", headers={"if-none-match": f'"other", W/{tag}'})
    assert (again.status_code, again.content) == (304, b"")
    (web / "index.html").write_text("<!doctype html><p>new")
    changed = await client.get("/", headers={"if-none-match": tag})
    assert changed.text.endswith("new")
    assert changed.headers["etag"] != tag


async def test_pages_of_others_may_load_the_library_and_nothing_else(client: httpx.AsyncClient):
    library = (await client.get("/lastseen.js")).headers
    assert library["access-control-allow-origin"] == "*"
    assert library["cross-origin-resource-policy"] == "cross-origin"
    part = (await client.get("/parts/list.js")).headers
    assert "access-control-allow-origin" not in part
    assert part["cross-origin-resource-policy"] == "same-origin"


def test_the_library_comes_with_the_server():
    found = Folder().find("lastseen.js")
    assert found is not None
    assert b"export" in found.content
