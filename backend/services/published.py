"""What a project has published, as deciding needs it: read once, kept for seconds."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.domain import eligibility
from backend.domain.calendar import DAY_MS, Calendar, calendar_of
from backend.domain.eligibility import SurveyRules
from backend.domain.errors import NotFoundError
from backend.domain.events import FEATURE
from backend.domain.pages import PageRule
from backend.services.active_use import ActiveUse
from backend.services.project_facts import ProjectFacts
from backend.storage.db import Database
from backend.storage.models import (
    CatalogueEntry,
    IdentitySecret,
    Name,
    PrivacySettings,
    Project,
    Survey,
    SurveyVersion,
)

# Another process may have changed it: what admins turn must act within seconds everywhere.
CACHE_S: Final = 2.0
LIVE: Final = ("published", "paused")
# How long a server's event arms a survey whose trigger does not say.
LIFETIME_DAYS: Final = 7


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
    _said: dict[str, msgspec.Raw] = field(default_factory=dict)

    def content_in(self, language: str) -> msgspec.Raw:
        """Return the content, as JSON, that a page needs which speaks one of its languages."""
        if language not in self._said:
            texts = {language: self.content["texts"][language]}
            spoken = {**self.content, "default_language": language, "texts": texts}
            self._said[language] = msgspec.Raw(msgspec.json.encode(spoken))
        return self._said[language]


@dataclass(frozen=True, slots=True)
class PublishedProject:
    """One project as pages and servers meet it.

    Args:
        signs_users: an identity secret is in use: who comes without a token only claims to be.
        server_traits: traits that servers sent and pages may not know; None when no rule reads
            any. Those of accounts begin with `account.`.
        feature_ids: ids of the names that make each feature which rules read, by what a rule calls
            it: its label in the catalogue, or a name as it was sent; unused ones have none.
        active_use: how active users are; None when no rule reads percentiles.
        armed_by: by event of a server, the surveys it arms and for how many ms.
    """

    id: str
    is_enabled: bool
    is_demo: bool
    identity_mode: str
    origins: frozenset[str]
    page_rules: tuple[PageRule, ...]
    page_views: bool
    calendar: Calendar
    surveys: Mapping[str, PublishedSurvey]
    respects_dnt: bool = False
    signs_users: bool = False
    server_traits: frozenset[str] | None = None
    feature_ids: Mapping[str, Sequence[int]] = field(default_factory=dict)
    active_use: ActiveUse | None = None
    armed_by: Mapping[str, Sequence[tuple[str, int]]] = field(default_factory=dict)


class Published:
    """Reads published projects and keeps them until an admin changes something or time passes."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._facts = ProjectFacts()
        self._kept: dict[str, tuple[float, int, PublishedProject]] = {}

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

    def including(
        self, session: Session, project: PublishedProject, survey: PublishedSurvey
    ) -> PublishedProject:
        """Return the project as it would be with `survey` out, whatever its status."""
        surveys = {**project.surveys, survey.rules.id: survey}
        return replace(
            project,
            surveys=surveys,
            **self._read_by(session, project.id, project.calendar, surveys.values()),
        )

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
            surveys = {survey.id: as_published(survey, content) for survey, content in rows}
            calendar = calendar_of(project.timezone)
            privacy = session.get(PrivacySettings, project_id)
            return PublishedProject(
                id=project.id,
                is_enabled=project.is_enabled,
                is_demo=project.is_demo,
                identity_mode=project.identity_mode,
                origins=frozenset(project.allowed_origins),
                page_rules=tuple(PageRule(**rule) for rule in project.page_rules),
                page_views=project.page_views,
                calendar=calendar,
                surveys=surveys,
                respects_dnt=privacy is not None and privacy.respects_dnt,
                signs_users=_signs_users(session, project_id),
                **self._read_by(session, project_id, calendar, surveys.values()),
            )

    def _read_by(
        self,
        session: Session,
        project_id: str,
        calendar: Calendar,
        surveys: Iterable[PublishedSurvey],
    ) -> dict[str, Any]:
        """Return the facts that the rules of `surveys` read; nothing is looked up in vain."""
        read: dict[str, set[str]] = {}
        for survey in surveys:
            for kind, names in survey.names_read.items():
                read.setdefault(kind, set()).update(names)
        facts: dict[str, Any] = {"armed_by": _armed_by(surveys)}
        if read.get("trait") or read.get("account_trait"):
            facts["server_traits"] = self._facts.server_traits(session, project_id)
        if read.get("feature"):
            facts["feature_ids"] = _feature_ids(session, project_id, read["feature"])
        if "percentile" in read.get("usage", ()):
            facts["active_use"] = self._facts.active_use(session, project_id, calendar)
        return facts


def as_published(
    survey: Survey, content: Mapping[str, Any], changes: Mapping[str, Any] | None = None
) -> PublishedSurvey:
    """Return a survey as deciding needs it.

    Args:
        changes: members of its rules that are not saved, in place of those that are.
    Raises:
        KeyError, ValueError: `changes` are no rules.
    """
    record = survey_record(survey) | dict(changes or {})
    rules = SurveyRules.from_dict(record)
    return PublishedSurvey(
        rules=rules,
        rules_json=msgspec.Raw(msgspec.json.encode(rules.to_dict())),
        names_read=eligibility.names_read(rules),
        content=content,
        record=record,
    )


def _signs_users(session: Session, project_id: str) -> bool:
    live = select(IdentitySecret.id).where(
        IdentitySecret.project_id == project_id, IdentitySecret.revoked_at.is_(None)
    )
    return session.scalars(live.limit(1)).first() is not None


def _feature_ids(
    session: Session, project_id: str, wanted: Iterable[str]
) -> dict[str, tuple[int, ...]]:
    """Return the ids of what the catalogue reads as each feature, else of the name as sent."""
    query = (
        select(Name.id, Name.name, CatalogueEntry.label)
        .outerjoin(CatalogueEntry, CatalogueEntry.name_id == Name.id)
        .where(
            Name.project_id == project_id,
            Name.kind == FEATURE,
            or_(Name.name.in_(names := sorted(wanted)), CatalogueEntry.label.in_(names)),
        )
    )
    read_as: dict[str, tuple[int, ...]] = {}
    sent_as: dict[str, tuple[int, ...]] = {}
    for name_id, name, label in session.execute(query):
        sent_as[name] = (name_id,)
        feature = label or name
        read_as[feature] = (*read_as.get(feature, ()), name_id)
    return {name: ids for name in names if (ids := read_as.get(name) or sent_as.get(name))}


def _armed_by(surveys: Iterable[PublishedSurvey]) -> dict[str, list[tuple[str, int]]]:
    armed_by: dict[str, list[tuple[str, int]]] = {}
    for survey in surveys:
        for trigger in survey.record["triggers"] if survey.rules.status == "published" else ():
            if trigger["type"] == "server_event":
                lifetime_ms = int(trigger.get("lifetime_days", LIFETIME_DAYS) * DAY_MS)
                armed_by.setdefault(trigger["name"], []).append((survey.rules.id, lifetime_ms))
    return armed_by


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
