"""The OpenAPI document: what flask-smorest gathers, plus access, problems and the project."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

import flask_smorest
from flask import Flask
from werkzeug.routing import Rule

from backend.api.admin.common import IDEMPOTENCY_KEY, MAX_KEY, PROJECT, AdminBlueprint
from backend.api.auth import COOKIE, Access, access_of
from backend.api.problems import PROBLEMS
from backend.api.schemas.common import ProblemSchema
from backend.domain import errors

VERSION: Final = "1"
INTRODUCTION: Final = """\
Everything an admin does, as JSON over HTTP. Send the token as `Authorization: Bearer at_…`; make
one with `zeroten token create`. A token of one project speaks of that project; a token of the whole
installation names the project with `?project_id=`. What belongs to another project is not found.

Times are RFC 3339 in UTC. Lists come in pages: send `next_cursor` back as `cursor`. A single thing
has an `ETag`; send it as `If-Match` with a change, so that nobody's work is overwritten. Members
and parameters that are not documented are refused. Errors are problems (RFC 9457).
"""

_ALWAYS: Final = (
    errors.TokenInvalidError,
    errors.KeyNotAllowedError,
    errors.RoleForbiddenError,
    errors.ScopeMissingError,
    errors.CsrfFailedError,
    errors.InvalidRequestError,
    errors.RateLimitedError,
    errors.StorageUnavailableError,
)
_WITH_BODY: Final = (
    errors.BadRequestError,
    errors.MalformedJsonError,
    errors.RequestTimeoutError,
    errors.PayloadTooLargeError,
    errors.UnsupportedMediaTypeError,
    errors.UnsupportedEncodingError,
)

_SECURITY: Final[dict[str, list[dict[str, list[str]]]]] = {
    "admin": [{"bearer": []}, {"session": []}],
    "session": [{"session": []}],
    "login": [],
}
_NEEDS: Final = {
    "admin": "Needs the role `{access.role}` and the scope `{access.scope}`.",
    "session": "Needs a session.",
    "login": "Needs no credential: it is how one comes by one.",
}


class AdminApi(flask_smorest.Api):  # type: ignore[misc]  # the library has no types
    """Gathers the operations; errors are answered by `api/problems.py` as everywhere."""

    ERROR_SCHEMA = ProblemSchema

    def _register_error_handlers(self) -> None:
        pass


def new_api(app: Flask) -> AdminApi:
    """Return the collector of `app`'s admin operations."""
    return AdminApi(
        app,
        spec_kwargs={
            "title": "Zeroten",
            "version": VERSION,
            "openapi_version": "3.1.0",
            "info": {"description": INTRODUCTION, "license": {"name": "MIT", "identifier": "MIT"}},
        },
    )


def document(app: Flask, api: AdminApi) -> dict[str, Any]:
    """Return the finished OpenAPI document of `app`."""
    spec: dict[str, Any] = api.spec.to_dict()
    components = spec.setdefault("components", {})
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "An admin token, `at_…`."},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": COOKIE,
            "description": "The dashboard's login; changes also need `X-CSRF-Token`.",
        },
    }
    components.setdefault("schemas", {})["Problem"] = _problem_schema(api)
    components.pop("responses", None)
    for rule in app.url_map.iter_rules():
        blueprint = app.blueprints.get(rule.endpoint.rpartition(".")[0])
        if isinstance(blueprint, AdminBlueprint):
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                operation = spec["paths"][_path(rule)][method.lower()]
                _complete(app, operation, rule, blueprint, method)
    return spec


def _complete(
    app: Flask, operation: dict[str, Any], rule: Rule, blueprint: AdminBlueprint, method: str
) -> None:
    view = app.view_functions[rule.endpoint]
    access = access_of(app, rule.endpoint, method) or Access("open")
    operation["operationId"] = rule.endpoint.rpartition(".")[2]
    operation["security"] = _SECURITY[access.plane]
    needs = _NEEDS[access.plane].format(access=access)
    operation["description"] = f"{operation.get('description', '')}\n\n{needs}".strip()
    parameters: list[Any] = operation.setdefault("parameters", [])
    if blueprint.takes_project:
        parameters.append(_project_parameter())
    conditions = getattr(view, "if_match", None)
    if conditions is not None:
        parameters.append(_if_match_parameter(conditions))
    if method == "POST" and blueprint.keeps_answers:
        parameters.append(_idempotency_parameter())
    kinds: list[type[errors.DomainError]] = [*_ALWAYS, *getattr(view, "problems", ())]
    if rule.arguments or blueprint.takes_project:
        kinds.append(errors.NotFoundError)
    if method == "POST" and blueprint.keeps_answers:
        kinds += [errors.IdempotencyInProgressError, errors.IdempotencyKeyReusedError]
    if "requestBody" in operation:
        kinds += _WITH_BODY
    if conditions is not None:
        kinds.append(errors.PreconditionFailedError)
    if conditions:
        kinds.append(errors.PreconditionRequiredError)
    responses = operation["responses"]
    for automatic in [code for code in responses if code == "default" or int(code) >= 400]:
        del responses[automatic]
    responses.update(_problem_responses(kinds))


def _problem_responses(kinds: Iterable[type[errors.DomainError]]) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for kind in kinds:
        problem = PROBLEMS[kind]
        by_status.setdefault(problem.status, []).append(f"`{problem.slug}`: {problem.title}.")
    return {
        str(status): {
            "description": f"{HTTPStatus(status).phrase}. " + " ".join(texts),
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }
        for status, texts in sorted(by_status.items())
    }


def _problem_schema(api: AdminApi) -> dict[str, Any]:
    converter = api.ma_plugin.converter
    schema: dict[str, Any] = converter.schema2jsonschema(ProblemSchema())
    errors_of = schema["properties"]["errors"]
    errors_of["items"] = {
        "type": "object",
        "required": ["pointer", "detail"],
        "properties": {
            "pointer": {"type": "string", "examples": ["#/rate", "#/query/limit"]},
            "detail": {"type": "string"},
        },
    }
    return schema


def _project_parameter() -> dict[str, Any]:
    return {
        "in": "query",
        "name": PROJECT,
        "schema": {"type": "string"},
        "description": "The project; needed with a token of the whole installation only.",
    }


def _idempotency_parameter() -> dict[str, Any]:
    return {
        "in": "header",
        "name": IDEMPOTENCY_KEY,
        "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY},
        "description": "Your own name for this request: sent again within 24 hours, it is "
        "answered as before and done once.",
    }


def _if_match_parameter(required: bool) -> dict[str, Any]:
    return {
        "in": "header",
        "name": "If-Match",
        "required": required,
        "schema": {"type": "string"},
        "description": "The `ETag` that was read; `*` for whatever is there.",
    }


def _path(rule: Rule) -> str:
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
