"""What a page about one user, or one account, shows."""

from __future__ import annotations

from typing import Any

from flask import Response

from backend.api.admin.common import AdminBlueprint, current_project, described
from backend.api.admin.insights_common import answered, kept, shape
from backend.api.auth import access
from backend.api.schemas.responses import UserQuerySchema
from backend.api.state import zeroten
from backend.domain.errors import NotFoundError
from backend.services.insights import history

insight_history = AdminBlueprint("insight_history", __name__)


@insight_history.get("/insights/users/<path:user_id>")
@insight_history.arguments(UserQuerySchema, location="query")
@insight_history.response(200, shape(history.History))
@described(problems=(NotFoundError,))
@access("admin", role="analyst", scope="users:read")
def get_user_history(query: dict[str, Any], user_id: str) -> Response:
    """A user's use by day, features and pages, engaged time, answers and decisions."""
    project_id, anonymous = current_project(), query["anonymous"]
    with zeroten().db.read() as session:
        store = zeroten().usage
        return answered(
            history.of_user(session, store, project_id, user_id, is_anonymous=anonymous)
        )


@insight_history.get("/insights/accounts/<path:account_id>")
@insight_history.response(200, shape(history.History))
@described(problems=(NotFoundError,))
@access("admin", role="analyst", scope="users:read")
def get_account_history(account_id: str) -> Response:
    """An account's score, its people's use by day, their answers and decisions."""
    project_id = current_project()
    with zeroten().db.read() as session:
        return answered(
            history.of_account(session, kept().windows, zeroten().usage, project_id, account_id)
        )
