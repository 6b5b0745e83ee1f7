"""Forms: read as REST reads bodies, shown again with what is wrong beside its field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import Schema, ValidationError

from backend.api.faults import faults_of
from backend.api.problems import PROBLEMS
from backend.domain.errors import (
    ConflictError,
    DomainError,
    InvalidRequestError,
    LastOwnerError,
    LoginFailedError,
    PreconditionFailedError,
    RateLimitedError,
    RoleForbiddenError,
)
from backend.web import signed_in

# What a form answers beside its fields; everything else is a page of its own.
REFUSALS: Final = (
    ConflictError,
    InvalidRequestError,
    LastOwnerError,
    LoginFailedError,
    PreconditionFailedError,
    RateLimitedError,
    RoleForbiddenError,
)
MEANWHILE: Final = "Somebody else has changed this meanwhile. What you entered stands below."


@dataclass(frozen=True, slots=True)
class Form:
    """What was entered, what is wrong with it by field, and what is wrong with the whole."""

    values: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    status: int = 200


def load(schema: type[Schema], document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a form says, checked by the schema of the same operation over REST.

    Raises:
        InvalidRequestError: with a pointer for each fault.
    """
    try:
        found: dict[str, Any] = schema().load(dict(document))
    except ValidationError as error:
        raise InvalidRequestError(errors=faults_of(error.messages, "#")) from error
    return found


def sent(
    work: Callable[[], ResponseReturnValue], again: Callable[[Form], ResponseReturnValue]
) -> ResponseReturnValue:
    """Do what a form asks; when that is refused, show it again with what was entered and why."""
    try:
        return work()
    except REFUSALS as error:
        return again(refused(error))


def refused(error: DomainError) -> Form:
    """Return the request's form with the reasons of `error` at the fields they are about."""
    by_field: dict[str, str] = {}
    for fault in error.errors:
        name = fault.pointer.removeprefix("#/").partition("/")[0]
        by_field[name] = " ".join(filter(None, (by_field.get(name), fault.detail)))
    status = PROBLEMS[type(error)].status
    return Form(request.form, by_field, _problem(error, by_field), status)


def done(endpoint: str, what: str) -> ResponseReturnValue:
    """Go back to a page, which says what was done."""
    address = url_for(endpoint, project_id=signed_in.project_id(), done=what)
    return redirect(address, 303)


def tags() -> frozenset[str]:
    """Return the revision that the form was made from, as `If-Match` would say it."""
    return frozenset([request.form.get("revision", "")])


def lines(name: str) -> list[str]:
    """Return what stands on each line of a field."""
    return [line.strip() for line in request.form.get(name, "").splitlines() if line.strip()]


def number(text: str) -> int | str:
    """Return a whole number; what is none stays as it is, for the schema to refuse."""
    text = text.strip()
    return int(text) if text.isascii() and text.lstrip("-").isdecimal() else text


def _problem(error: DomainError, by_field: Mapping[str, str]) -> str:
    if isinstance(error, PreconditionFailedError):
        return MEANWHILE
    if isinstance(error, RateLimitedError):
        return f"Too many attempts. Try again in {error.retry_after_s} seconds."
    if any(name in request.form for name in by_field):
        return ""
    return " ".join(by_field.values()) or error.detail or PROBLEMS[type(error)].title
