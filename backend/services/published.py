"""What a project has published, as deciding needs it: read once, kept for seconds."""

from __future__ import annotations

import time
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import select

from backend.domain import eligibility
from backend.domain.calendar import Calendar
from backend.domain.eligibility import SurveyRules
from backend.domain.errors import NotFoundError
from backend.domain.pages import PageRule
from backend.storage.db import Database
from backend.storage.models import Project, Survey, SurveyVersion

# Another process may have changed it: what admins turn must act within seconds everywhere.
CACHE_S: Final = 2.0
LIVE: Final = ("published", "paused")


@dataclass(frozen=True, slots=True)
class PublishedSurvey:
    """One survey that is out: its rules, its published wording and the knobs behind the rules.

    `rules_json` and `names_read` are made once here, since every decision stores them.
    """

    rules: SurveyRules
    rules_json: msgspec.Raw
    names_read: Mapping[str, Set[str]]
    content: Mapping[str, Any]
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PublishedProject:
    """One project as pages and servers meet it."""

    id: str
    is_enabled: bool
    is_demo: bool
    identity_mode: str
    origins: frozenset[str]
    page_rules: tuple[PageRule, ...]
    calendar: Calendar
    surveys: Mapping[str, PublishedSurvey]


class Published:
    """Reads published projects and keeps them until an admin changes something or time passes."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._kept: dict[str, tuple[float, int, PublishedProject]] = {}
        self._calendars: dict[str, Calendar] = {}

    def project(self, project_id: str) -> PublishedProject:
        """Return the project as it is published now.

        Raises:
            NotFoundError: there is none.
        """
        found = self._kept.get(project_id)
        if found and found[0] > time.monotonic() and found[1] == self._db.generation:
            return found[2]
        generation = self._db.generation
        project = self._read(project_id)
        self._kept[project_id] = (time.monotonic() + CACHE_S, generation, project)
        return project

    def _read(self, project_id: str) -> PublishedProject:
        with self._db.read() as session:
            project = session.get(Project, project_id)
            if project is None:
                raise NotFoundError
            rows = session.execute(
                select(Survey, SurveyVersion.content)
                .join(
                    SurveyVersion,
                    (SurveyVersion.survey_id == Survey.id)
                    & (SurveyVersion.number == Survey.published_version),
                )
                .where(Survey.project_id == project_id, Survey.status.in_(LIVE))
                .order_by(Survey.id)
            ).all()
            return PublishedProject(
                id=project.id,
                is_enabled=project.is_enabled,
                is_demo=project.is_demo,
                identity_mode=project.identity_mode,
                origins=frozenset(project.allowed_origins),
                page_rules=tuple(PageRule(**rule) for rule in project.page_rules),
                calendar=self._calendar(project.timezone),
                surveys={survey.id: _published(survey, content) for survey, content in rows},
            )

    def _calendar(self, timezone: str) -> Calendar:
        if timezone not in self._calendars:
            self._calendars[timezone] = Calendar(timezone)
        return self._calendars[timezone]


def _published(survey: Survey, content: Mapping[str, Any]) -> PublishedSurvey:
    record = survey_record(survey)
    rules = SurveyRules.from_dict(record)
    return PublishedSurvey(
        rules=rules,
        rules_json=msgspec.Raw(msgspec.json.encode(rules.to_dict())),
        names_read=eligibility.names_read(rules),
        content=content,
        record=record,
    )


def survey_record(survey: Survey) -> dict[str, Any]:
    """Return a survey's rules in the shape of the published configuration."""
    return {
        "id": survey.id,
        "version": survey.published_version or 0,
        "priority": survey.priority,
        "status": survey.status,
        "starts_at": survey.starts_at and survey.starts_at.isoformat(),
        "ends_at": survey.ends_at and survey.ends_at.isoformat(),
        **survey.targeting,
        "sampling": survey.sampling,
        "rests": survey.rests,
        **survey.limits,
    }
