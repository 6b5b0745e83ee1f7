"""`zeroten project …`"""

from __future__ import annotations

from argparse import Namespace
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.cli.common import ACTOR, CliError, database, show
from backend.cli.common import show_all as show_records
from backend.config import Config
from backend.domain.errors import NotFoundError
from backend.domain.origins import canonical
from backend.domain.values import is_name
from backend.services import audit, projects
from backend.services.project_deletion import delete_project
from backend.storage.models import Project
from backend.storage.usage.opening import open_usage


def create(config: Config, given: Namespace) -> None:
    """Add a project; its keys are shown once."""
    if not is_name(given.name):
        raise CliError("A project's name has 1 to 200 characters.")
    if given.timezone not in available_timezones():
        raise CliError(f"There is no time zone {given.timezone!r}; use one like Europe/Berlin.")
    origins = [_origin(text) for text in given.origin]

    def work(session: Session) -> dict[str, Any]:
        made = projects.create(session, name=given.name, timezone=given.timezone, origins=origins)
        audit.record(
            session,
            actor=ACTOR,
            action="project.create",
            subject=made.project.id,
            project_id=made.project.id,
        )
        return {
            "project_id": made.project.id,
            "publishable_key": made.publishable_key,
            "secret_key": made.secret_key,
        }

    with database(config) as db:
        show(db.transact(work), given)


def show_all(config: Config, given: Namespace) -> None:
    """List projects."""
    with database(config) as db, db.read() as session:
        records = [
            {"id": one.id, "name": one.name, "timezone": one.timezone, "enabled": one.is_enabled}
            for one in session.scalars(select(Project).order_by(Project.created_at))
        ]
    show_records(records, given)


def delete(config: Config, given: Namespace) -> None:
    """Delete a project with everything in it; its id is typed twice, since nothing brings it back.

    The server may run meanwhile: it refuses the project's keys within seconds.
    """
    if given.really != given.project_id:
        raise CliError(f"Nothing is deleted without --really {given.project_id}")
    usage = open_usage(config.usage_url)
    try:
        with database(config) as db:
            delete_project(db, usage, given.project_id, actor=ACTOR, if_match=frozenset({"*"}))
    except NotFoundError as error:
        raise CliError(f"There is no project {given.project_id}.") from error
    finally:
        usage.close()
    show({"deleted": given.project_id}, given)


def _origin(text: str) -> str:
    origin = canonical(text)
    if origin is None:
        raise CliError(f"{text!r} is no origin; write it like https://app.example.com.")
    return origin
