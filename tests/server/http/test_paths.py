"""Paths are routed as they came, each segment by itself."""

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastseen.server.http.paths import client_id_in, path_of, routed
from lastseen.server.http.problems import Problem


@pytest.mark.parametrize(
    ("raw", "base", "below"),
    [
        (b"/", "", "/"),
        (b"/api/clients?x=/y", "", "/api/clients"),
        (b"/api/%63lients", "", "/api/clients"),
        (b"/api/clients/a%2fb%20c/events", "", "/api/clients/a%2Fb%20c/events"),
        (b"/seen", "/seen", ""),
        (b"/seen/api", "/seen", "/api"),
    ],
)
def test_what_is_below_the_base_is_routed_with_each_segment_encoded_alike(
    raw: bytes, base: str, below: str
):
    assert routed(raw, base) == below


@pytest.mark.parametrize(
    ("raw", "base"),
    [(b"//", ""), (b"/api//clients", ""), (b"/seen-not", "/seen"), (b"/", "/seen"), (b"*", ""),
     (b"http://localhost/api", ""), (b"", "")],
)  # fmt: skip
def test_anything_else_is_no_path_of_ours(raw: bytes, base: str):
    assert routed(raw, base) is None


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=128))
def test_an_id_comes_back_from_its_segment_whatever_is_in_it(client_id: str):
    segment = path_of(client_id)
    assert "/" not in segment
    assert routed(f"/{segment}".encode(), "") == f"/{segment}"
    assert client_id_in(segment) == client_id


@pytest.mark.parametrize(
    ("segment", "detail"),
    [
        ("%C3", "client_id: expected UTF-8, percent-encoded"),
        ("%01", r"client_id: expected text without control characters, got '\x01'"),
        ("", "client_id: expected `str` of length >= 1"),
    ],
)
def test_a_segment_that_holds_no_id_is_refused(segment: str, detail: str):
    with pytest.raises(Problem) as caught:
        client_id_in(segment)
    assert str(caught.value).startswith(detail)
    assert caught.value.code == "bad_request"


def test_asking_often_leaves_nothing_for_the_collector():
    client_id_in("web-01")
    gc.collect()
    for _ in range(50):
        client_id_in("web-01")
    assert gc.collect() < 50
