"""`zeroten survey …`"""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import msgspec
from marshmallow import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.api.faults import faults_of
from backend.api.schemas.surveys import NewSurveySchema
from backend.cli.common import ACTOR, CliError, database, project_of, show
from backend.cli.common import show_all as show_records
from backend.config import Config
from backend.services import survey_checks, survey_status, surveys
from backend.services.clock import utc_now
from backend.storage.models import Survey


def create(config: Config, given: Namespace) -> None:
    """Add a draft from a file, or the standard one."""
    document = _read(given)

    def work(session: Session) -> dict[str, Any]:
        survey = surveys.add(session, project_of(session, given), document, actor=ACTOR)
        if given.publish:
            return _set_status(session, survey.project_id, survey.id, "published")
        return _shown(survey)

    with database(config) as db:
        _tell(db.transact(work), given)


def publish(config: Config, given: Namespace) -> None:
    """Put a survey out."""
    _change(config, given, "published")


def pause(config: Config, given: Namespace) -> None:
    """Ask nobody for now."""
    _change(config, given, "paused")


def show_all(config: Config, given: Namespace) -> None:
    """List surveys."""
    with database(config) as db, db.read() as session:
        query = select(Survey).where(Survey.project_id == project_of(session, given))
        records = [
            _shown(survey) | {"rate": survey.sampling["rate"]}
            for survey in session.scalars(query.order_by(Survey.created_at))
        ]
    show_records(records, given)


def _read(given: Namespace) -> dict[str, Any]:
    """Return the survey in `--file`, named by `--name`, as the REST route takes it."""
    document: Any = {}
    if given.file:
        text = sys.stdin.buffer.read() if given.file == "-" else Path(given.file).read_bytes()
        try:
            document = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise CliError(f"{given.file} is not JSON: {error}") from error
        if not isinstance(document, dict):
            raise CliError(f"{given.file} must hold an object.")
    name = given.name or document.get("name") or "NPS"
    try:
        loaded: dict[str, Any] = NewSurveySchema().load(document | {"name": name})
    except ValidationError as error:
        told = "; ".join(f"{at}: {detail}" for at, detail in faults_of(error.messages, "#"))
        raise CliError(told) from error
    return loaded


def _change(config: Config, given: Namespace, status: str) -> None:
    def work(session: Session) -> dict[str, Any]:
        return _set_status(session, project_of(session, given), given.survey_id, status)

    with database(config) as db:
        _tell(db.transact(work), given)


def _set_status(session: Session, project_id: str, survey_id: str, status: str) -> dict[str, Any]:
    survey = survey_status.set_status(
        session, project_id, survey_id, status, actor=ACTOR, if_match=None
    )
    notes = survey_checks.warnings(session, survey, utc_now()) if status == "published" else []
    return _shown(survey) | {"warnings": notes}


def _tell(record: dict[str, Any], given: Namespace) -> None:
    notes = record.pop("warnings", [])
    show(record, given)
    for note in notes:
        sys.stderr.write(f"zeroten: {note}\n")


def _shown(survey: Survey) -> dict[str, Any]:
    return {
        "id": survey.id,
        "name": survey.name,
        "status": survey.status,
        "version": survey.published_version,
    }
