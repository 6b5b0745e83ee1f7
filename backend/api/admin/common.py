"""What every admin route shares: its blueprint, the project it speaks of, ETags and cursors."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar, cast

import flask
import flask_smorest
import msgspec
from flask import Request as FlaskRequest
from flask import Response, g, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema, ValidationError
from sqlalchemy.orm import Session
from webargs.flaskparser import FlaskParser

from backend.api import body, rate_limit
from backend.api.auth import principal
from backend.api.faults import escaped, faults_of
from backend.api.state import zeroten
from backend.domain.errors import DomainError, FieldError, InvalidRequestError, NotFoundError
from backend.domain.limits import ID_LENGTH
from backend.domain.values import is_name
from backend.services import idempotency, projects

PREFIX: Final = "/api/v1"
PROJECT: Final = "project_id"
IDEMPOTENCY_KEY: Final = "Idempotency-Key"
MAX_KEY: Final = 255

T = TypeVar("T")
View = TypeVar("View", bound=Callable[..., Any])


class StrictParser(FlaskParser):
    """Reads bodies as every plane does, and tells faults by JSON pointers."""

    def load_json(self, req: FlaskRequest, schema: Schema) -> Any:
        """Return the body as strict JSON."""
        g.document = document = body.json_object(req, "admin")
        return document

    def handle_error(
        self, error: ValidationError, req: FlaskRequest, schema: Schema, **_: Any
    ) -> NoReturn:
        """Raise what the schema found as one problem."""
        messages = cast(dict[str, Any], error.messages)
        faults = [
            fault
            for location, found in messages.items()
            for fault in faults_of(found, "#" if location == "json" else f"#/{location}")
        ]
        raise InvalidRequestError(errors=faults) from error


if TYPE_CHECKING:

    class _Blueprint(flask.Blueprint):
        """What is used here of flask-smorest's blueprint, which comes without types."""

        def arguments(self, schema: type[Schema], **given: Any) -> Callable[[View], View]: ...

        def response(
            self,
            status_code: int,
            schema: type[Schema] | Schema | dict[str, Any] | None = None,
            **given: Any,
        ) -> Callable[[Callable[..., Any]], Callable[..., ResponseReturnValue]]: ...

else:
    _Blueprint = flask_smorest.Blueprint


class AdminBlueprint(_Blueprint):
    """A part of the admin plane; parameters nobody has declared are refused, as are repeated ones.

    Args:
        name: also the tag of its operations in the documentation.
        takes_project: whether `?project_id=` may name the project (see `current_project`).
    """

    ARGUMENTS_PARSER = StrictParser()
    # Whether a POST with an `Idempotency-Key` is answered as before.
    keeps_answers = True

    def __init__(self, name: str, import_name: str, *, takes_project: bool = True, **given: Any):
        super().__init__(name, import_name, url_prefix=PREFIX, **given)
        self.takes_project = takes_project
        self.before_request(self._check)
        self.after_request(_say_replayed)

    def arguments(self, schema: type[Schema], **given: Any) -> Callable[[View], View]:
        """Take arguments as flask-smorest does; those of the query string are remembered."""
        take = super().arguments(schema, **given)

        def decorate(view: View) -> View:
            taking: View = take(view)
            if given.get("location") == "query":
                known = schema().load_fields.items()
                names = frozenset(field.data_key or name for name, field in known)
                taking.query_names = names  # type: ignore[attr-defined]
            return taking

        return decorate

    def _check(self) -> None:
        # What methods a route has is told to anybody; there is no caller to speak of.
        if request.method != "OPTIONS":
            rate_limit.check_admin(principal().token_id)
            self._check_address()

    def _check_address(self) -> None:
        if not all(is_name(part, ID_LENGTH) for part in (request.view_args or {}).values()):
            raise NotFoundError
        view = zeroten().app.view_functions[request.endpoint or ""]
        known: frozenset[str] = getattr(view, "query_names", frozenset())
        if self.takes_project:
            known |= {PROJECT}
        faults = [
            FieldError(f"#/query/{escaped(name)}", fault)
            for name, values in request.args.lists()
            if (fault := _fault_of_parameter(name, values, known))
        ]
        if faults:
            raise InvalidRequestError(errors=faults)
        if self.takes_project and PROJECT in request.args:
            # Before anything else is judged: a foreign project must not be told from none.
            current_project()


def current_project() -> str:
    """Return the project that this request is about: the token's, else the one it names.

    Raises:
        NotFoundError: another project than the token's, or none of that id: one answer for both.
        InvalidRequestError: a token of the whole installation, and no project named.
    """
    own, named = principal().project_id, request.args.get(PROJECT)
    if own is not None:
        if named not in (None, own):
            raise NotFoundError
        return own
    if named is None:
        raise InvalidRequestError(
            errors=[FieldError(f"#/query/{PROJECT}", "Name the project: this token opens all.")]
        )
    if not projects.exists(zeroten().db, named):
        raise NotFoundError
    return named


def described(
    *, if_match: bool | None = None, problems: Iterable[type[DomainError]] = ()
) -> Callable[[View], View]:
    """Say what the documentation of a view adds to what every operation has.

    Args:
        if_match: True when the view needs `If-Match`, False when it heeds it; None: it ignores it.
        problems: errors of this view alone.
    """

    def describe(view: View) -> View:
        view.if_match = if_match  # type: ignore[attr-defined]
        view.problems = tuple(problems)  # type: ignore[attr-defined]
        return view

    return describe


def commit(work: Callable[[Session], dict[str, Any]]) -> dict[str, Any]:
    """Do what a POST asks for, in one transaction; once for requests with one `Idempotency-Key`.

    Raises:
        InvalidRequestError: the key is no name of at most 255 characters.
        IdempotencyKeyReusedError, IdempotencyInProgressError.
    """
    state, key = zeroten(), request.headers.get(IDEMPOTENCY_KEY)
    if key is None:
        return state.db.transact(work)
    if not is_name(key, MAX_KEY):
        fault = FieldError(f"#/header/{IDEMPOTENCY_KEY}", f"Must have 1 to {MAX_KEY} characters.")
        raise InvalidRequestError(errors=[fault])
    # The project in the query string is a part of what is asked for.
    scope = f"{principal().token_id} {request.full_path}"
    sent = idempotency.Sent(scope, key, g.get("document"))
    result, g.is_replayed = idempotency.once(state.db, state.vault, sent, work)
    return result


def if_match() -> frozenset[str] | None:
    """Return the tags of `If-Match` (`*` for any), or None when there is no such header."""
    if "If-Match" not in request.headers:
        return None
    given = request.if_match
    return frozenset(given.as_set()) | ({"*"} if given.star_tag else frozenset())


def etag_header(tag: str) -> dict[str, str]:
    """Return the header that carries `tag`, for a view's return value."""
    return {"ETag": f'"{tag}"'}


def encode_cursor(position: Any) -> str:
    """Return the place where a list goes on, as a text that callers hand back untouched."""
    return urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def decode_cursor(text: str | None, kind: type[T]) -> T | None:
    """Return the place behind a cursor, checked against `kind`; None begins at the start.

    Raises:
        InvalidRequestError: no cursor of this list.
    """
    if text is None:
        return None
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        return msgspec.json.decode(urlsafe_b64decode(padded), type=kind)
    except (ValueError, msgspec.MsgspecError) as error:
        fault = FieldError("#/query/cursor", "Must be the next_cursor of a page of this list.")
        raise InvalidRequestError(errors=[fault]) from error


def _say_replayed(response: Response) -> Response:
    if g.get("is_replayed"):
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _fault_of_parameter(name: str, values: list[str], known: frozenset[str]) -> str | None:
    if name not in known:
        return "There is no such parameter."
    if len(values) > 1:
        return "May be given once."
    if values[0] != "" and not is_name(values[0], len(values[0])):
        return "Must have no control characters."
    return None
