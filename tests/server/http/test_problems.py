"""What goes wrong is told with a code, a sentence and the status that goes with it."""

import httpx
import pytest
from litestar import get

from lastseen.server.http import app, problems
from lastseen.server.http.problems import Problem, problem_of
from lastseen.server.store.errors import StoreUnavailable
from lastseen.shared.messages import Error


@pytest.mark.parametrize("path", ["/nope", "/api/nope", "/api//clients", "/lastseen.py", "/.git"])
async def test_a_path_that_is_not_there(path: str, client: httpx.AsyncClient):
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_method_that_a_path_does_not_have(client: httpx.AsyncClient):
    answer = await client.put("/healthz")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_an_error_of_the_wire_is_a_problem_with_its_code():
    problem = problem_of(Error("store_unavailable", "it is locked", retry_after=9.5))
    assert problem.details.status == 503
    assert problem.details.document()["retry_after"] == 9.5
    assert problem.headers == {"retry-after": "10"}
    assert problem_of(Error("of_a_later_version", "hm")).details.status == 400


@pytest.mark.parametrize("code", problems.STATUSES)
def test_every_code_has_a_status_that_http_knows(code: str):
    details = Problem(code, "a sentence").details
    assert details.title
    assert 400 <= details.status < 600


async def test_a_fault_of_ours_is_logged_and_not_shown(
    new_house: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    @get("/crash")
    async def crash() -> None:
        raise ZeroDivisionError("the secret of the house")

    @get("/store")
    async def store() -> None:
        raise StoreUnavailable("it is locked")

    monkeypatch.setattr(app, "_HANDLERS", [crash, store])
    async with new_house().client() as client:  # type: ignore[operator]
        answer = await client.get("/crash")
        assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
        assert "secret" not in answer.text
        answer = await client.get("/store")
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert answer.headers["retry-after"] == "10"
    logged = capsys.readouterr().err
    assert "an HTTP request crashed" in logged
    assert "the secret of the house" in logged


@pytest.mark.parametrize(
    ("method", "path"), [("PATCH", "/api/settings"), ("POST", "/api/clients/a/heartbeat")]
)
async def test_a_body_that_is_nested_without_end_is_refused(
    method: str, path: str, client: httpx.AsyncClient
):
    content = '{"meta": ' + "[" * 30_000 + "]" * 30_000 + "}"
    headers = {"content-type": "application/json"}
    answer = await client.request(method, path, content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert answer.json()["detail"] == "the body is nested too deeply"
