"""Identity secrets: with them the host's servers sign who a visitor is."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from backend.api.admin.common import AdminBlueprint, commit, current_project, described
from backend.api.auth import access, principal
from backend.api.schemas.identity import (
    CheckedTokenSchema,
    CreatedIdentitySecretSchema,
    IdentitySecretsSchema,
    TokenCheckSchema,
)
from backend.api.state import zeroten
from backend.domain.errors import ConflictError
from backend.services import identity_secrets as service
from backend.services.clock import utc_now

identity = AdminBlueprint("identity", __name__)


@identity.get("/identity-secrets")
@identity.response(200, IdentitySecretsSchema)
@access("admin", role="admin", scope="keys:read")
def list_identity_secrets() -> dict[str, Any]:
    """List identity secrets, without themselves, revoked ones too."""
    project_id = current_project()
    with zeroten().db.read() as session:
        return {"items": [service.view(one) for one in service.secrets_of(session, project_id)]}


@identity.post("/identity-secrets")
@identity.response(201, CreatedIdentitySecretSchema)
@described(problems=[ConflictError])
@access("admin", role="admin", scope="keys:write")
def create_identity_secret() -> dict[str, Any]:
    """Add a secret beside the one in use: two live at most. It is shown this once."""
    project_id, actor, vault = current_project(), principal().token_id, zeroten().vault

    def work(session: Session) -> dict[str, Any]:
        secret, text = service.add(session, vault, project_id, actor=actor)
        return service.view(secret) | {"secret": text}

    return commit(work)


@identity.post("/identity-secrets/check")
@identity.arguments(TokenCheckSchema)
@identity.response(200, CheckedTokenSchema)
@access("admin", role="admin", scope="keys:read")
def check_identity_token(body: dict[str, Any]) -> dict[str, Any]:
    """Say what the server makes of an identity token, check by check. Nothing is stored."""
    project_id, state = current_project(), zeroten()
    with state.db.read() as session:
        return service.check(session, state.vault, project_id, body["token"], utc_now())


@identity.delete("/identity-secrets/<secret_id>")
@identity.response(204)
@access("admin", role="admin", scope="keys:write")
def revoke_identity_secret(secret_id: str) -> None:
    """Revoke a secret, at once and for good: tokens signed with it are no longer taken."""
    project_id, actor = current_project(), principal().token_id
    zeroten().db.transact(
        lambda session: service.revoke(session, project_id, secret_id, actor=actor)
    )
