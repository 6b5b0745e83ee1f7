"""What is beside the answers: releases, how they are read, answers brought from elsewhere."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from backend.api.admin.common import (
    AdminBlueprint,
    current_project,
    decode_cursor,
    described,
    encode_cursor,
    etag_header,
    if_match,
)
from backend.api.admin.insights_common import kept
from backend.api.auth import access, principal
from backend.api.schemas.common import PageQuerySchema, page_of
from backend.api.schemas.imports import ImportResultSchema, ImportSchema
from backend.api.schemas.insights import (
    NewReleaseSchema,
    ReleaseSchema,
    SettingsChangeSchema,
    SettingsSchema,
    ThemeTrialSchema,
    TriedThemesSchema,
)
from backend.api.state import zeroten
from backend.domain.errors import NotFoundError
from backend.services import imports
from backend.services.clock import utc_now
from backend.services.import_rows import Options
from backend.services.insights import releases, settings, theme_trial
from backend.services.insights.question import Question

Answer = tuple[dict[str, Any], int, dict[str, str]]

insight_settings = AdminBlueprint("insight_settings", __name__)


@insight_settings.get("/insights/settings")
@insight_settings.response(200, SettingsSchema)
@access("admin", role="viewer", scope="insights:read")
def get_insight_settings() -> Answer:
    """Themes, role weights, key roles and the trait that holds an account's worth."""
    project_id = current_project()
    with zeroten().db.read() as session:
        found = settings.read(session, project_id)
        return settings.view(found), 200, etag_header(str(found.revision))


@insight_settings.patch("/insights/settings")
@insight_settings.arguments(SettingsChangeSchema)
@insight_settings.response(200, SettingsSchema)
@described(if_match=True)
@access("admin", role="admin", scope="insights:write")
def change_insight_settings(body: dict[str, Any]) -> Answer:
    """Change how answers are read; the next look does so."""
    project_id, actor, tags = current_project(), principal().token_id, if_match()
    found = zeroten().db.transact(
        lambda session: settings.change(session, project_id, body, actor=actor, if_match=tags)
    )
    return settings.view(found), 200, etag_header(str(found.revision))


@insight_settings.post("/insights/themes/try")
@insight_settings.arguments(ThemeTrialSchema)
@insight_settings.response(200, TriedThemesSchema)
@access("admin", role="analyst", scope="insights:read")
def try_themes(body: dict[str, Any]) -> dict[str, Any]:
    """Say what themes would match in the comments of the last year, before they are saved."""
    project_id = current_project()
    since = utc_now() - timedelta(days=theme_trial.DAYS)
    question = Question(since=since, sees_answers=True)
    themes = settings.themes_of(body["themes"])
    with zeroten().db.read() as session:
        return theme_trial.trial(session, kept().windows, project_id, question, themes)


@insight_settings.get("/releases")
@insight_settings.arguments(PageQuerySchema, location="query")
@insight_settings.response(200, page_of(ReleaseSchema))
@access("admin", role="viewer", scope="insights:read")
def list_releases(query: dict[str, Any]) -> dict[str, Any]:
    """List releases, the latest first."""
    project_id, limit = current_project(), query["limit"]
    before = decode_cursor(query["cursor"], tuple[datetime, str])
    with zeroten().db.read() as session:
        found = releases.listed(session, project_id, before=before, limit=limit + 1)
        items = [releases.view(release) for release in found[:limit]]
    more = len(found) > limit
    last = (items[-1]["at"], items[-1]["id"]) if more else None
    return {"items": items, "next_cursor": last and encode_cursor(last)}


@insight_settings.post("/releases")
@insight_settings.arguments(NewReleaseSchema)
@insight_settings.response(201, ReleaseSchema)
@access("admin", role="analyst", scope="insights:write")
def add_release(body: dict[str, Any]) -> dict[str, Any]:
    """Mark a release on the trend, then ask `insights/landing` whether it landed."""
    project_id, actor = current_project(), principal().token_id
    release = zeroten().db.transact(
        lambda session: releases.add(session, project_id, actor=actor, **body)
    )
    return releases.view(release)


@insight_settings.delete("/releases/<release_id>")
@insight_settings.response(204)
@access("admin", role="analyst", scope="insights:write")
def remove_release(release_id: str) -> None:
    """Take a marker off the trend."""
    project_id, actor = current_project(), principal().token_id
    zeroten().db.transact(
        lambda session: releases.remove(session, project_id, release_id, actor=actor)
    )


@insight_settings.post("/imports")
@insight_settings.arguments(ImportSchema)
@insight_settings.response(200, ImportResultSchema)
@described(problems=(NotFoundError,))
@access("admin", role="admin", scope="responses:write")
def import_answers(body: dict[str, Any]) -> dict[str, Any]:
    """Import answers from another tool's CSV export; a dry run unless `dry_run` is false.

    Sending the same answers again adds nothing, so a long file can come in pieces of up to
    256 KiB, each with its heading. Lines with a fault are left out and listed.
    """
    project_id, survey_id = current_project(), body.pop("survey_id")
    text, dry_run = body.pop("csv"), body.pop("dry_run")
    return imports.run(
        zeroten().db,
        project_id,
        survey_id,
        text,
        Options(**body),
        actor=principal().token_id,
        dry_run=dry_run,
    )
