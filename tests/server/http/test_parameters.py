"""What a path does not know in its query is refused, with what was probably meant."""

import httpx
import pytest


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/api/clients?stat=late", "'stat': no such parameter; did you mean status?"),
        ("/api/clients?limit=5&serach=x", "'serach': no such parameter; did you mean search?"),
        ("/api/clients/web-01/events?sinse=x", "'sinse': no such parameter; did you mean since?"),
        ("/api/deliveries?staet=sent", "'staet': no such parameter; did you mean state?"),
        ("/api/events?last_event=e:1", "did you mean last_event_id?"),
        ("/api/timelines?zzz", "expected client_id, hours"),
        ("/api/stats?verbose=1", "'verbose': no such parameter; this path takes none"),
        ("/api/clients/web-01?status=late", "this path takes none"),
        ("/api/clients?=late", "'': no such parameter"),
    ],
)
async def test_a_parameter_that_is_none_is_refused_and_told_what_it_may_have_meant(
    client: httpx.AsyncClient, path: str, said: str
):
    answer = await client.get(path)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "bad_request")
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in problem["detail"]


async def test_one_that_would_change_something_changes_nothing(client: httpx.AsyncClient):
    answer = await client.post("/api/clients/backup/heartbeat?time_out=90")
    assert answer.status_code == 400
    assert "did you mean timeout?" in answer.json()["detail"]
    assert (await client.get("/api/clients/backup")).status_code == 404


async def test_what_is_known_is_taken_by_the_name_that_the_docs_give_it(client: httpx.AsyncClient):
    query = "status=all&group=x&search=y&via=tcp&sort=name&limit=5"
    assert (await client.get(f"/api/clients?{query}")).status_code == 200


@pytest.mark.parametrize("path", ["/?client=web-01&utm=x", "/healthz?probe=1", "/metrics?x=1"])
async def test_pages_and_probes_may_be_asked_for_with_whatever_others_append(
    client: httpx.AsyncClient, path: str
):
    assert (await client.get(path)).status_code != 400
