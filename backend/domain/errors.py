"""What can go wrong, in the domain's words. `api/problems.py` gives each its status and text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class FieldError(NamedTuple):
    """One field at fault: a JSON pointer such as `#/score` and what it must be."""

    pointer: str
    detail: str


class DomainError(Exception):
    """Base of everything a caller may have done wrong or must wait for."""

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.retry_after_s = retry_after_s


class BadRequestError(DomainError):
    """The request cannot be understood."""


class MalformedJsonError(DomainError):
    """The body is not strict JSON in UTF-8."""


class InvalidRequestError(DomainError):
    """The body is JSON, and fields of it are at fault."""


class KeyInvalidError(DomainError):
    """No such key, or a revoked one."""


class TokenInvalidError(DomainError):
    """No such admin token, or an expired or revoked one."""


class LoginFailedError(DomainError):
    """E-mail address, password or second factor are not right; nobody is told which."""


class IdentityRequiredError(DomainError):
    """The project takes named users only with an identity token."""


class IdentityInvalidError(DomainError):
    """The identity token does not verify."""


class IdentityExpiredError(DomainError):
    """The identity token was good, and is past its time."""


class OriginNotAllowedError(DomainError):
    """The page's origin is not on the project's list."""


class KeyNotAllowedError(DomainError):
    """A key of another kind than this endpoint takes."""


class SecretKeyInBrowserError(DomainError):
    """A secret key arrived from a web page."""


class ScopeMissingError(DomainError):
    """The credential lacks the scope."""


class RoleForbiddenError(DomainError):
    """The role is too low."""


class CsrfFailedError(DomainError):
    """A change with a session did not prove that it comes from the dashboard."""


class NotFoundError(DomainError):
    """There is no such thing in this project."""


class MethodNotAllowedError(DomainError):
    """The address exists, the method does not."""


class RequestTimeoutError(DomainError):
    """The body did not arrive in time."""


class SurveyClosedError(DomainError):
    """The survey takes no more answers."""


class TicketUsedError(DomainError):
    """The user's answer of this wave was given with another ticket."""


class ConflictError(DomainError):
    """The thing is not in a state that allows this."""


class LastOwnerError(DomainError):
    """Nobody would be left who owns the project."""


class PreconditionFailedError(DomainError):
    """Somebody changed it since it was read."""


class PreconditionRequiredError(DomainError):
    """An update must say which version it is of."""


class TicketExpiredError(DomainError):
    """The ticket's time is over."""


class UserErasedError(DomainError):
    """The person was erased."""


class PayloadTooLargeError(DomainError):
    """The body is larger than this endpoint takes."""


class UnsupportedMediaTypeError(DomainError):
    """The body's type is not one this endpoint takes."""


class UnsupportedEncodingError(DomainError):
    """The body's compression is not one this endpoint takes."""


class IdempotencyInProgressError(DomainError):
    """The same request is still running."""


class IdempotencyKeyReusedError(DomainError):
    """The key was used with another body."""


class RateLimitedError(DomainError):
    """Too many requests; wait and send the same again."""

    def __init__(self, bucket: str, quota: int, window_s: int, retry_after_s: int) -> None:
        super().__init__(retry_after_s=retry_after_s)
        self.bucket = bucket
        self.quota = quota
        self.window_s = window_s


class StorageUnavailableError(DomainError):
    """The database cannot take it now; nothing was stored."""


class ShuttingDownError(DomainError):
    """The server is stopping."""
