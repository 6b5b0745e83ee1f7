"""One table turns every error into `application/problem+json` (RFC 9457)."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec
import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from backend.domain import errors

log = structlog.get_logger()


class Problem(NamedTuple):
    """How one kind of error is answered."""

    status: int
    slug: str
    title: str


PROBLEMS: Final[dict[type[errors.DomainError], Problem]] = {
    errors.BadRequestError: Problem(400, "bad-request", "The request cannot be understood"),
    errors.MalformedJsonError: Problem(400, "malformed-json", "The body is not valid JSON"),
    errors.KeyInvalidError: Problem(401, "key-invalid", "The key is not known"),
    errors.TokenInvalidError: Problem(401, "token-invalid", "The token is not valid"),
    errors.LoginFailedError: Problem(401, "login-failed", "The login failed"),
    errors.IdentityRequiredError: Problem(401, "identity-required", "An identity token is needed"),
    errors.IdentityInvalidError: Problem(
        401, "identity-invalid", "The identity token is not valid"
    ),
    errors.IdentityExpiredError: Problem(401, "identity-expired", "The identity token has expired"),
    errors.OriginNotAllowedError: Problem(
        403, "origin-not-allowed", "This origin is not on the project's list"
    ),
    errors.KeyNotAllowedError: Problem(
        403, "key-not-allowed", "Another kind of key is needed here"
    ),
    errors.SecretKeyInBrowserError: Problem(
        403, "secret-key-in-browser", "A secret key must never be in a web page"
    ),
    errors.ScopeMissingError: Problem(403, "scope-missing", "The credential lacks the scope"),
    errors.RoleForbiddenError: Problem(403, "role-forbidden", "The role does not allow this"),
    errors.CsrfFailedError: Problem(
        403, "csrf-failed", "The request does not come from the dashboard"
    ),
    errors.NotFoundError: Problem(404, "not-found", "There is no such thing"),
    errors.MethodNotAllowedError: Problem(
        405, "method-not-allowed", "The method is not allowed here"
    ),
    errors.RequestTimeoutError: Problem(408, "request-timeout", "The body did not arrive in time"),
    errors.SurveyClosedError: Problem(409, "survey-closed", "The survey is closed"),
    errors.TicketUsedError: Problem(409, "ticket-used", "The answer was given already"),
    errors.ConflictError: Problem(409, "conflict", "The state does not allow this"),
    errors.LastOwnerError: Problem(409, "last-owner", "A project keeps at least one owner"),
    errors.IdempotencyInProgressError: Problem(
        409, "idempotency-in-progress", "The same request is still running"
    ),
    errors.PreconditionFailedError: Problem(
        412, "precondition-failed", "It has changed since it was read"
    ),
    errors.PreconditionRequiredError: Problem(
        428, "precondition-required", "An update must carry If-Match"
    ),
    errors.TicketExpiredError: Problem(410, "ticket-expired", "The ticket's time is over"),
    errors.UserErasedError: Problem(410, "user-erased", "The person was erased"),
    errors.PayloadTooLargeError: Problem(413, "payload-too-large", "The body is too large"),
    errors.UnsupportedMediaTypeError: Problem(
        415, "unsupported-media-type", "The body's type is not taken here"
    ),
    errors.UnsupportedEncodingError: Problem(
        415, "unsupported-encoding", "The body's compression is not taken here"
    ),
    errors.InvalidRequestError: Problem(422, "invalid-request", "Request not valid"),
    errors.IdempotencyKeyReusedError: Problem(
        422, "idempotency-key-reused", "The key was used with another body"
    ),
    errors.RateLimitedError: Problem(429, "rate-limited", "Too many requests"),
    errors.StorageUnavailableError: Problem(
        503, "storage-unavailable", "The database cannot take it now"
    ),
    errors.ShuttingDownError: Problem(503, "shutting-down", "The server is stopping"),
}

INTERNAL: Final = Problem(500, "internal-error", "Something went wrong here")

# What the framework itself raises, in the domain's words.
_OF_STATUS: Final[dict[int, type[errors.DomainError]]] = {
    400: errors.BadRequestError,
    404: errors.NotFoundError,
    405: errors.MethodNotAllowedError,
    408: errors.RequestTimeoutError,
    413: errors.PayloadTooLargeError,
    415: errors.UnsupportedMediaTypeError,
    422: errors.InvalidRequestError,
}


def register(app: Flask) -> None:
    """Have every error of `app` answered as a problem."""
    app.register_error_handler(errors.DomainError, answer)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(Exception, _answer_unexpected)


def answer(error: errors.DomainError) -> Response:
    """Return the problem response of a domain error."""
    problem = PROBLEMS[type(error)]
    response = _response(problem, error.detail, error.errors)
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(max(1, error.retry_after_s))
    if isinstance(error, errors.RateLimitedError):
        response.headers["RateLimit-Policy"] = (
            f'"{error.bucket}";q={error.quota};w={error.window_s}'
        )
        response.headers["RateLimit"] = f'"{error.bucket}";r=0;t={max(1, error.retry_after_s or 1)}'
    if isinstance(error, errors.KeyInvalidError | errors.TokenInvalidError):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _answer_http(error: HTTPException) -> Response:
    if error.response is not None:
        return error.response  # type: ignore[return-value]
    code = error.code or 500
    if code >= 500:
        return _answer_unexpected(error)
    kind = _OF_STATUS.get(code, errors.BadRequestError)
    response = answer(kind())
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


def _answer_unexpected(error: Exception) -> Response:
    log.error("internal-error", request_id=request_id(), exc_info=error)
    return _response(INTERNAL, "", ())


def request_id() -> str:
    """Return this request's id, the one in logs and in `instance`."""
    known: str = g.get("request_id", "none")
    return known


def _response(problem: Problem, detail: str, faults: tuple[errors.FieldError, ...]) -> Response:
    body: dict[str, object] = {
        "type": f"/problems/{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "instance": f"/requests/{request_id()}",
    }
    if detail:
        body["detail"] = detail
    if faults:
        body["errors"] = [{"pointer": at, "detail": text} for at, text in faults]
    if getattr(request, "blueprint", None) == "ingest":
        # Segment and RudderStack clients read these, and retry a refusal without them.
        body["code"] = problem.slug
        body["message"] = detail or problem.title
    return Response(
        msgspec.json.encode(body),
        status=problem.status,
        content_type="application/problem+json",
    )
