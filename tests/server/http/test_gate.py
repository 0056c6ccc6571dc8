"""What every request passes, and every answer bears."""

from typing import Any

import httpx
import pytest
import trio
from trio.testing import MockClock

from lastseen.server.hosts import OwnHosts
from lastseen.server.http import gate
from lastseen.server.http.gate import Gate
from lastseen.server.http.origins import Origins


async def test_a_request_under_another_host_name_is_refused(client: httpx.AsyncClient):
    answer = await client.get("/api/clients", headers={"host": "evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (421, "wrong_host")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_supervisors_may_ask_under_any_name(path: str, client: httpx.AsyncClient):
    answer = await client.get(path, headers={"host": "lastseen.cluster.local"})
    assert answer.status_code == 200


async def test_a_page_of_another_origin_changes_nothing(house: Any, client: httpx.AsyncClient):
    headers = {"origin": "https://evil.example"}
    for method, path in [
        ("POST", "/api/clients/x/heartbeat"),
        ("PATCH", "/api/settings"),
        ("DELETE", "/api/clients/x"),
    ]:
        answer = await client.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_origin")
    assert len(house.presence.registry) == 0


async def test_no_other_origin_may_read_an_answer(client: httpx.AsyncClient):
    answer = await client.get("/api/clients", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/", "/api/clients", "/nope", "/healthz", "/schema"])
async def test_every_answer_tells_browsers_to_be_strict(path: str, client: httpx.AsyncClient):
    headers = (await client.get(path)).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] in ("no-store", "no-cache")


async def test_head_is_answered_as_get(client: httpx.AsyncClient):
    assert (await client.head("/healthz")).status_code == 200
    assert (await client.head("/api/clients/nobody")).status_code == 404
    assert (await client.head("/api/events")).status_code == 405


async def test_every_path_begins_with_the_base(new_house: Any):
    house = new_house(base_path="/seen")
    async with house.client() as client:
        assert (await client.get("/seen/healthz")).status_code == 200
        assert (await client.get("/healthz")).status_code == 404
        assert (await client.get("/seenhealthz")).status_code == 404
        elsewhere = await client.get("/seen")
        assert (elsewhere.status_code, elsewhere.headers["location"]) == (308, "seen/")


async def test_a_body_that_is_too_large_is_refused(client: httpx.AsyncClient):
    answer = await client.post("/api/clients/x/heartbeat", content=b"x" * (gate.LARGEST_BODY + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


# --- without a client's help ---------------------------------------------------------------------


class Exchange:
    """One request, spoken by hand."""

    def __init__(self, messages: list[dict[str, Any]], **scope: Any) -> None:
        self.scope = {
            "type": "http",
            "method": "POST",
            "raw_path": b"/x",
            "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
        } | scope
        self.sent: list[dict[str, Any]] = []
        self.taken = 0
        self._messages = messages

    async def receive(self) -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        if self.taken == len(self._messages):
            await trio.sleep_forever()
        self.taken += 1
        return self._messages[self.taken - 1]

    async def send(self, message: Any) -> None:
        await trio.lowlevel.checkpoint()
        self.sent.append(message)


async def echo(_scope: Any, receive: Any, send: Any) -> None:
    message = await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": message["body"]})


def make(app: Any = echo) -> Gate:
    return Gate(app, Origins(OwnHosts()))


def part(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_in_pieces_is_handed_on_as_a_whole():
    exchange = Exchange([part(b"{", more=True), part(b"}", more=True), part(b"", more=False)])
    await make()(exchange.scope, exchange.receive, exchange.send)
    assert exchange.sent[1]["body"] == b"{}"


async def test_what_comes_after_a_refusal_is_taken_so_that_nobody_waits_to_hand_it_over():
    large = b"x" * (gate.LARGEST_BODY // 2)
    exchange = Exchange([part(large, more=True)] * 50)

    async def send(message: Any) -> None:
        while exchange.taken < 50:
            await trio.lowlevel.checkpoint()
        await exchange.send(message)

    with trio.fail_after(5):
        await make()(exchange.scope, exchange.receive, send)
    assert exchange.sent[0]["status"] == 413


async def test_a_body_that_does_not_come_is_not_waited_for(
    autojump_clock: MockClock,  # noqa: ARG001 - pytest-trio takes the clock from the arguments
):
    exchange = Exchange([part(b"{", more=True)])
    began = trio.current_time()
    await make()(exchange.scope, exchange.receive, exchange.send)
    assert exchange.sent[0]["status"] == 413
    assert trio.current_time() - began == pytest.approx(gate.BODY_DEADLINE)


async def test_the_application_learns_that_the_peer_has_gone():
    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        assert (await receive())["type"] == "http.disconnect"
        await send({"type": "http.response.body", "body": b"gone"})

    exchange = Exchange([part(b"", more=False), {"type": "http.disconnect"}])
    with trio.fail_after(5):
        await make(app)(exchange.scope, exchange.receive, exchange.send)
    assert exchange.sent[1]["body"] == b"gone"


async def test_a_websocket_is_refused():
    exchange = Exchange([], type="websocket")
    await make()(exchange.scope, exchange.receive, exchange.send)
    assert exchange.sent == [{"type": "websocket.close", "code": 1008}]
