"""Whatever fits the description at /schema, and much that does not: never a fault of ours."""

import warnings
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

EXAMPLES = 25
"""For each of the operations: a minute for all of them would be too long."""

ENDLESS = "/api/events"


def test_nothing_that_is_asked_is_a_fault_of_the_server(
    start: Any, page_of: Any, api: Any, tmp_path: Path
):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries that it imports
        import schemathesis
    http = {"enabled": True, "port": 0}
    server = start(http=http, store={"url": f"sqlite:///{tmp_path / 'seen.db'}"})
    page = page_of(server)
    described = schemathesis.openapi.from_url(f"{page}schema")
    assert described.raw_schema["openapi"].startswith("3.1")
    tried = []
    for found in described.get_all_operations():
        operation = found.ok()
        if operation.path == ENDLESS:
            continue
        tried.append(operation.label)
        _try(operation)
    assert len(tried) > 12
    assert api(page).get("/healthz").status_code == 200
    assert server.events("an HTTP request crashed") == []
    assert server.events("an HTTP connection crashed") == []


def _try(operation: Any) -> None:
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def try_one(case: Any) -> None:
        answer = case.call()
        assert answer.status_code < 500, answer.content
        if answer.status_code >= 400:
            assert answer.headers["content-type"][0] == "application/problem+json"

    try_one()
