"""Every refusal as problem details (RFC 9457): a code for programs, a sentence for people."""

from http import HTTPStatus
from math import ceil
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Struct, field

from lastseen.server import logs
from lastseen.server.errors import ConfigError
from lastseen.server.http.misfits import sentence
from lastseen.server.presence.admission import RegistrationRefused
from lastseen.server.store.errors import StoreUnavailable
from lastseen.shared.messages import Error

MEDIA_TYPE = "application/problem+json"

RETRY_AFTER = 10.0
"""Seconds after which it is worth asking a store again that did not answer."""

RETRY_WHEN_FULL = 30.0
"""Seconds after which a client that found the server full may try again."""

STATUSES = {
    "bad_request": 400,
    "bad_message": 400,
    "forbidden": 403,
    "cross_origin": 403,
    "not_found": 404,
    "unknown_client": 404,
    "unknown_delivery": 404,
    "unknown_silence": 404,
    "unknown_channel": 404,
    "no_store": 404,
    "method_not_allowed": 405,
    "too_slow": 408,
    "client_present": 409,
    "already_settled": 409,
    "channel_disabled": 409,
    "too_many_silences": 409,
    "duplicate_client": 409,
    "too_large": 413,
    "unsupported_media_type": 415,
    "wrong_host": 421,
    "bad_settings": 422,
    "internal_error": 500,
    "busy": 503,
    "server_full": 503,
    "too_many_connections": 503,
    "too_many_watchers": 503,
    "stopping": 503,
    "store_unavailable": 503,
}
"""The status that goes with a code; one that is not here is a bad request."""

_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}
"""What the framework refuses by itself."""

log = logs.get_logger()


class ProblemDetails(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What went wrong with a request.

    Attributes:
        code: For programs; see docs/http.md.
        detail: A sentence for people.
        retry_after: Seconds after which trying again may help.
    """

    type_: str = field(default="about:blank", name="type")
    title: str
    status: int
    code: str
    detail: str
    retry_after: float | None = None

    def document(self) -> dict[str, Any]:
        """As it is sent."""
        found = {
            "type": self.type_,
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        return found if self.retry_after is None else found | {"retry_after": self.retry_after}


REFUSALS = {
    400: ResponseSpec(
        ProblemDetails,
        generate_examples=False,
        description="Refused. Other refusals are of this form, too",
        media_type=MEDIA_TYPE,
    )
}
"""For the description of every operation, in place of the framework's own form."""


class Problem(Exception):
    """A refusal, from wherever it is found; its status follows from the code."""

    def __init__(self, code: str, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.retry_after = retry_after

    @property
    def details(self) -> ProblemDetails:
        """What is sent."""
        status = STATUSES.get(self.code, 400)
        return ProblemDetails(
            title=HTTPStatus(status).phrase,
            status=status,
            code=self.code,
            detail=str(self),
            retry_after=self.retry_after,
        )

    @property
    def headers(self) -> dict[str, str]:
        """What goes with it."""
        return {} if self.retry_after is None else {"retry-after": str(ceil(self.retry_after))}


def raw_response(problem: Problem) -> bytes:
    """Return a refusal as a whole HTTP/1.1 response, for a connection that no worker serves."""
    details = problem.details
    body = msgspec.json.encode(details.document())
    headers = problem.headers | {
        "content-type": MEDIA_TYPE,
        "content-length": str(len(body)),
        "connection": "close",
    }
    lines = [f"HTTP/1.1 {details.status} {details.title}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def problem_of(error: Error) -> Problem:
    """The refusal that an `error` of the wire is."""
    return Problem(error.code, error.message, error.retry_after)


def answer_problem(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """The response to a request that failed."""
    problem = _understood(error, request)
    if problem is None:
        log.error("an HTTP request crashed", path=request.url.path, exc_info=error)
        problem = Problem("internal_error", "the server failed to answer; its log says why")
    details = problem.details
    headers = problem.headers | dict(getattr(error, "headers", None) or {})
    return Response(
        details.document(), status_code=details.status, media_type=MEDIA_TYPE, headers=headers
    )


def _understood(error: Exception, request: Request[Any, Any, Any]) -> Problem | None:
    """What an error means to who asked; None for a fault of ours."""
    match error:
        case Problem():
            return error
        case ConfigError():
            return Problem("bad_settings", str(error))
        case RegistrationRefused():
            later = None if error.code == "reserved_id" else RETRY_WHEN_FULL
            return Problem(error.code, str(error), later)
        case StoreUnavailable():
            return Problem("store_unavailable", str(error), RETRY_AFTER)
        case RecursionError() if "deserializing" in str(error):  # msgspec's word; no fault of ours
            return Problem("bad_request", "the body is nested too deeply")
        case ValidationException():
            return Problem("bad_request", sentence(error, request))
        case HTTPException() if error.status_code < 500:
            code = _CODES.get(error.status_code, "bad_request")
            return Problem(code, error.detail or code.replace("_", " "))
    return None
