"""A project's keys and tokens."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from backend.api.admin.common import AdminBlueprint, commit, current_project, described
from backend.api.auth import access, principal
from backend.api.schemas.projects import (
    CreatedTokenSchema,
    KeySchema,
    KeysSchema,
    NewKeySchema,
    NewTokenSchema,
    TokensSchema,
)
from backend.api.state import zeroten
from backend.domain.errors import ConflictError
from backend.services import projects, tokens

keys = AdminBlueprint("keys", __name__)


@keys.get("/keys")
@keys.response(200, KeysSchema)
@access("admin", role="admin", scope="keys:read")
def list_keys() -> dict[str, Any]:
    """List the keys of pages and servers, revoked ones too."""
    project_id = current_project()
    with zeroten().db.read() as session:
        return {"items": [projects.key_view(key) for key in projects.keys_of(session, project_id)]}


@keys.post("/keys")
@keys.arguments(NewKeySchema)
@keys.response(201, KeySchema)
@described(problems=[ConflictError])
@access("admin", role="admin", scope="keys:write")
def create_key(body: dict[str, Any]) -> dict[str, Any]:
    """Add a key beside the one in use: two of a kind live at most. A secret is shown this once."""
    project_id, actor = current_project(), principal().token_id

    def work(session: Session) -> dict[str, Any]:
        key, token = projects.add_key(session, project_id, body["kind"], actor=actor)
        return projects.key_view(key) | {"key": token}

    return commit(work)


@keys.delete("/keys/<key_id>")
@keys.response(204)
@access("admin", role="admin", scope="keys:write")
def revoke_key(key_id: str) -> None:
    """Revoke a key, at once and for good."""
    project_id, actor = current_project(), principal().token_id
    zeroten().db.transact(
        lambda session: projects.revoke_key(session, project_id, key_id, actor=actor)
    )


@keys.get("/tokens")
@keys.response(200, TokensSchema)
@access("admin", role="admin", scope="keys:read")
def list_tokens() -> dict[str, Any]:
    """List the project's admin tokens, expired and revoked ones too."""
    project_id = current_project()
    with zeroten().db.read() as session:
        return {"items": [tokens.view(token) for token in tokens.tokens_of(session, project_id)]}


@keys.post("/tokens")
@keys.arguments(NewTokenSchema)
@keys.response(201, CreatedTokenSchema)
@access("admin", role="admin", scope="keys:write")
def create_token(body: dict[str, Any]) -> dict[str, Any]:
    """Add a token that may do no more than yours. It is shown this once."""
    project_id, by = current_project(), principal()

    def work(session: Session) -> dict[str, Any]:
        token, secret = tokens.add(session, project_id, by=by, **body)
        return tokens.view(token) | {"token": secret}

    return commit(work)


@keys.delete("/tokens/<token_id>")
@keys.response(204)
@access("admin", role="admin", scope="keys:write")
def revoke_token(token_id: str) -> None:
    """Revoke a token, at once and for good."""
    project_id, by = current_project(), principal()
    zeroten().db.transact(lambda session: tokens.revoke(session, project_id, token_id, by=by))
