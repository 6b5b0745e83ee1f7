"""The host's users, one by one."""

from __future__ import annotations

from typing import Any

from backend.api.admin.common import AdminBlueprint, current_project
from backend.api.auth import access
from backend.api.schemas.responses import UserQuerySchema, UserSchema
from backend.api.state import zeroten
from backend.services import users as service

users = AdminBlueprint("users", __name__)


@users.get("/users/<path:user_id>")
@users.arguments(UserQuerySchema, location="query")
@users.response(200, UserSchema)
@access("admin", role="analyst", scope="users:read")
def get_user(query: dict[str, Any], user_id: str) -> dict[str, Any]:
    """Return a user: traits, the times rests are counted from, the latest answers."""
    project_id = current_project()
    with zeroten().db.read() as session:
        return service.view(session, project_id, user_id, is_anonymous=query["anonymous"])
