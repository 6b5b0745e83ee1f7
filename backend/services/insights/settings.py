"""How a project wants its answers read: themes for comments, roles that matter, account value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy.orm import Session

from backend.domain.insights.accounts import KEY_ROLES
from backend.domain.insights.themes import STARTER_THEMES, Theme
from backend.services import audit
from backend.services.clock import utc_now
from backend.services.scope import check_revision
from backend.storage.fast import Sql, from_json
from backend.storage.models import InsightSettings

VALUE_TRAIT: Final = "arr"
_TRAITS: Final = Sql("SELECT key, traits FROM accounts WHERE project_id = ?")
MEMBERS: Final = ("themes", "role_weights", "key_roles", "value_trait")


def read(session: Session, project_id: str) -> InsightSettings:
    """Return the project's settings, or the defaults, which are not stored until changed."""
    return session.get(InsightSettings, project_id) or InsightSettings(
        project_id=project_id,
        themes=[{"name": t.name, "patterns": list(t.patterns)} for t in STARTER_THEMES],
        role_weights={},
        key_roles=list(KEY_ROLES),
        value_trait=VALUE_TRAIT,
        revision=0,
        updated_at=None,
    )


def change(
    session: Session,
    project_id: str,
    changes: Mapping[str, Any],
    *,
    actor: str,
    if_match: frozenset[str] | None,
) -> InsightSettings:
    """Change members; each is replaced whole.

    Raises:
        PreconditionRequiredError, PreconditionFailedError.
    """
    settings = read(session, project_id)
    check_revision(str(settings.revision), if_match)
    old = {name: getattr(settings, name) for name in changes}
    for name, value in changes.items():
        setattr(settings, name, value)
    settings.revision += 1
    settings.updated_at = utc_now()
    session.add(settings)
    audit.record(
        session,
        actor=actor,
        action="insights.change",
        subject=project_id,
        project_id=project_id,
        changes=audit.difference(old, changes),
    )
    return settings


def view(settings: InsightSettings) -> dict[str, Any]:
    """Return settings as the admin plane shows them."""
    return {name: getattr(settings, name) for name in MEMBERS}


def themes(settings: InsightSettings) -> list[Theme]:
    """Return the project's themes."""
    return themes_of(settings.themes)


def themes_of(stored: Sequence[Mapping[str, Any]]) -> list[Theme]:
    """Return themes as they are stored and sent, ready to be matched."""
    return [Theme(theme["name"], tuple(theme["patterns"])) for theme in stored]


def account_values(
    session: Session, project_id: str, settings: InsightSettings
) -> dict[int, float]:
    """Return what each account is worth by its key, where its traits say so with a number."""
    # A page asks up to three times, in one session that only reads.
    kept: dict[int, float] | None = session.info.get((project_id, settings.value_trait))
    if kept is None:
        kept = _account_values(session, project_id, settings.value_trait)
        session.info[project_id, settings.value_trait] = kept
    return kept


def _account_values(session: Session, project_id: str, trait: str) -> dict[int, float]:
    rows = _TRAITS(session.connection(), (project_id,)).fetchall()
    found = ((key, from_json(traits).get(trait)) for key, traits in rows)
    return {
        key: float(value)
        for key, value in found
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    }
