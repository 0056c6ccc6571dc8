"""Deliveries, silences and channels by HTTP."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import trio

from lastseen.shared.messages import (
    Answer,
    ChannelEnabled,
    ChannelRecord,
    Channels,
    Deliveries,
    DeliveryRecord,
    EnableChannel,
    Error,
    GetChannels,
    GetDeliveries,
    GetSilences,
    Retried,
    Retry,
    Silence,
    Silenced,
    SilenceRecord,
    Silences,
    Unsilence,
    Unsilenced,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)
DELIVERY = DeliveryRecord(7, "msg_7", "ops", "offline", "failed", AT, AT, client_id="web-01")
SILENCE = SilenceRecord(AT, AT, 3, ("web-*",))
CHANNEL = ChannelRecord("ops", "webhook", enabled=True, state="working")

ANSWERS: dict[Any, tuple[Any, Answer]] = {
    "deliveries": (GetDeliveries(client_id="web-01", state="failed", limit=20, before=9),
                   Deliveries([DELIVERY], before=7)),
    "retry": (Retry(7), Retried(DELIVERY)),
    "silences": (GetSilences(), Silences([SILENCE])),
    "silence": (Silence(3600, "web-*", None, "moving"), Silenced(SILENCE)),
    "unsilence": (Unsilence(3), Unsilenced(3)),
    "channels": (GetChannels(), Channels([CHANNEL])),
    "enable": (EnableChannel("ops"), ChannelEnabled("ops")),
}  # fmt: skip


QUERY = "client_id=web-01&state=failed&limit=20&before=9"


class Teller:
    """Answers as it is told to.

    Attributes:
        asked: Every question.
    """

    def __init__(self, answer: Answer) -> None:
        self.asked: list[Any] = []
        self._answer = answer

    def ask(
        self, question: Any, reply: Callable[[Answer], None], wanted: Callable[[], bool]
    ) -> None:
        assert wanted()
        self.asked.append(question)
        reply(self._answer)


@pytest.mark.parametrize(
    ("what", "method", "path", "options", "status"),
    [
        (
            "deliveries",
            "GET",
            "deliveries?client_id=web-01&state=failed&limit=20&before=9",
            {},
            200,
        ),
        ("retry", "POST", "deliveries/7/retry", {}, 200),
        ("silences", "GET", "silences", {}, 200),
        (
            "silence",
            "POST",
            "silences",
            {"json": {"seconds": 3600, "client": "web-*", "reason": "moving"}},
            201,
        ),
        ("unsilence", "DELETE", "silences/3", {}, 204),
        ("channels", "GET", "channels", {}, 200),
        ("enable", "POST", "channels/ops/enable", {}, 204),
    ],
)
async def test_what_is_asked_over_the_wire_is_asked_by_http(
    what: str, method: str, path: str, options: Any, status: int, new_house: Any
):
    question, answer = ANSWERS[what]
    teller = Teller(answer)
    async with new_house(telling=teller).client() as client:
        told = await client.request(method, f"/api/{path}", **options)
    assert told.status_code == status
    assert teller.asked == [question]
    if status == 200:
        assert "ops" in told.text or "web-*" in told.text


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("unknown_delivery", 404),
        ("already_settled", 409),
        ("bad_silence", 400),
        ("store_unavailable", 503),
    ],
)
async def test_a_refusal_keeps_its_code(code: str, status: int, new_house: Any):
    async with new_house(telling=Teller(Error(code, "no"))).client() as client:
        told = await client.post("/api/deliveries/7/retry")
    assert (told.status_code, told.json()["code"], told.json()["detail"]) == (status, code, "no")


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("POST", "silences", {"json": {"seconds": 1, "client": "x"}}),
        ("POST", "silences", {"json": {"client": "x"}}),
        ("POST", "silences", {}),
        ("POST", "deliveries/-1/retry", {}),
        ("POST", "deliveries/x/retry", {}),
        ("GET", "deliveries?state=lost", {}),
        ("GET", "deliveries?client_id=%00", {}),
        ("GET", "deliveries?channel=", {}),
        ("GET", "silences?after=-1", {}),
        ("POST", "channels/%FF/enable", {}),
    ],
)
async def test_what_does_not_fit_is_not_asked(method: str, path: str, options: Any, new_house: Any):
    teller = Teller(Error("internal_error", ""))
    async with new_house(telling=teller).client() as client:
        told = await client.request(method, f"/api/{path}", **options)
    assert told.status_code in (400, 404)
    assert teller.asked == []


async def test_a_state_that_there_is_not_is_named_as_it_was_asked_for(new_house: Any):
    async with new_house(telling=Teller(Error("internal_error", ""))).client() as client:
        told = await client.get("/api/deliveries?state=lost")
    assert told.json()["detail"] == (
        "state: expected one of 'pending', 'sent', 'failed', 'withdrawn', got 'lost'"
    )


async def test_without_a_store_nobody_is_told_of_anything(client: httpx.AsyncClient):
    for path in ("deliveries", "silences", "channels"):
        told = await client.get(f"/api/{path}")
        assert (told.status_code, told.json()["code"]) == (404, "no_store")
    told = await client.post("/api/channels/ops/test")
    assert (told.status_code, told.json()["code"]) == (404, "no_store")


class FakeTester:
    """Answers every test of a channel in the same way.

    Attributes:
        asked: The channels to be tested.
    """

    def __init__(self, answer: Error | None) -> None:
        self.asked: list[str] = []
        self._answer = answer

    async def test(self, name: str, by: str = "") -> Error | None:
        assert by
        self.asked.append(name)
        await trio.lowlevel.checkpoint()
        return self._answer


@pytest.mark.parametrize(
    ("answer", "status", "fields"),
    [
        (None, 200, {"delivered": True}),
        (Error("delivery_failed", "HTTP 410"), 200, {"delivered": False, "error": "HTTP 410"}),
        (Error("unknown_channel", "no"), 404, {"code": "unknown_channel"}),
        (Error("channel_disabled", "no"), 409, {"code": "channel_disabled"}),
        (Error("busy", "no", 1.0), 503, {"code": "busy"}),
    ],
)
async def test_a_test_message_has_an_outcome_or_a_refusal(
    answer: Error | None, status: int, fields: dict[str, Any], new_house: Any
):
    tester = FakeTester(answer)
    async with new_house(tester=tester).client() as client:
        told = await client.post("/api/channels/ops%2F1/test")
    assert told.status_code == status
    assert told.json().items() >= fields.items()
    assert tester.asked == ["ops/1"]


async def test_a_page_of_another_origin_sends_no_test_message(new_house: Any):
    tester = FakeTester(None)
    async with new_house(tester=tester).client() as client:
        told = await client.post("/api/channels/ops/test", headers={"Origin": "https://evil.test"})
    assert (told.status_code, tester.asked) == (403, [])
