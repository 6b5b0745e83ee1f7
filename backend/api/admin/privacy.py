"""People's data: export, erase and anonymise one person; how long a project keeps what."""

from __future__ import annotations

from typing import Any

from backend.api import rate_limit
from backend.api.admin.common import (
    AdminBlueprint,
    current_project,
    described,
    etag_header,
    if_match,
)
from backend.api.auth import access, principal
from backend.api.schemas.privacy import (
    ErasedSchema,
    PersonExportSchema,
    PersonQuerySchema,
    PrivacyChangeSchema,
    PrivacySchema,
)
from backend.api.state import zeroten
from backend.domain.privacy import ANONYMISE, ERASE
from backend.services import erasure, privacy_export, retention
from backend.services.ledger import Ledger

Answer = tuple[dict[str, Any], int, dict[str, str]]

privacy = AdminBlueprint("privacy", __name__)


@privacy.get("/users/<path:user_id>/export")
@privacy.arguments(PersonQuerySchema, location="query")
@privacy.response(200, PersonExportSchema)
@access("admin", role="analyst", scope="users:read")
def export_user(query: dict[str, Any], user_id: str) -> Answer:
    """Export all that is kept about a person, linked browsers too. It is noted in the audit log."""
    project_id, actor = current_project(), principal().token_id
    rate_limit.check_export(actor)
    state, is_anonymous = zeroten(), query["anonymous"]
    with state.db.read() as session:
        found = privacy_export.export(
            session, state.usage, project_id, user_id, is_anonymous=is_anonymous
        )
    state.db.transact(
        lambda session: privacy_export.record(
            session, state.vault, project_id, user_id, is_anonymous=is_anonymous, actor=actor
        )
    )
    return found, 200, {"Content-Disposition": 'attachment; filename="person.json"'}


@privacy.delete("/users/<path:user_id>")
@privacy.arguments(PersonQuerySchema, location="query")
@privacy.response(200, ErasedSchema)
@access("admin", role="admin", scope="users:write")
def erase_user(query: dict[str, Any], user_id: str) -> dict[str, Any]:
    """Erase a person with answers, decisions and usage, in one transaction and for good.

    The id stays refused: late events are rejected (`user-erased`), open tickets answer 410.
    """
    return _erase(user_id, query["anonymous"], ERASE)


@privacy.post("/users/<path:user_id>/anonymise")
@privacy.arguments(PersonQuerySchema, location="query")
@privacy.response(200, ErasedSchema)
@access("admin", role="admin", scope="users:write")
def anonymise_user(query: dict[str, Any], user_id: str) -> dict[str, Any]:
    """Forget a person as erasing does, and keep their scores, which nobody can link to them."""
    return _erase(user_id, query["anonymous"], ANONYMISE)


@privacy.get("/privacy")
@privacy.response(200, PrivacySchema)
@access("admin", role="admin", scope="projects:read")
def get_privacy() -> Answer:
    """Return how long the project keeps what."""
    project_id = current_project()
    with zeroten().db.read() as session:
        return _answer(retention.settings(session, project_id))


@privacy.patch("/privacy")
@privacy.arguments(PrivacyChangeSchema)
@privacy.response(200, PrivacySchema)
@described(if_match=True)
@access("admin", role="admin", scope="projects:write")
def change_privacy(body: dict[str, Any]) -> Answer:
    """Change how long the project keeps what; what is older is deleted within the hour."""
    project_id, actor, tags = current_project(), principal().token_id, if_match()
    changed = zeroten().db.transact(
        lambda session: retention.change(session, project_id, body, actor=actor, if_match=tags)
    )
    return _answer(changed)


def _erase(user_id: str, is_anonymous: bool, mode: str) -> dict[str, Any]:
    state = zeroten()
    means = erasure.Means(state.db, state.vault, state.usage, Ledger(state.config.data_dir))
    return erasure.erase(
        means,
        current_project(),
        user_id,
        is_anonymous=is_anonymous,
        mode=mode,
        actor=principal().token_id,
    )


def _answer(settings: dict[str, Any]) -> Answer:
    return settings, 200, etag_header(str(settings["revision"]))
