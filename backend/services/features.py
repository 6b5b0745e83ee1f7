"""The catalogue: what names of features and pages are called, joined and hidden when read.

Usage stays stored under the names as they were sent. An entry says what a name is read as: two
names with one label are one feature, and giving a name its own label back undoes it all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.domain.errors import FieldError, InvalidRequestError, NotFoundError
from backend.domain.limits import NAMES, OTHER
from backend.services import audit
from backend.services.clock import utc_now
from backend.storage.models import CatalogueEntry, Name


def catalogue(session: Session, project_id: str, kind: str) -> dict[str, Any]:
    """Return the features (or pages) by label, with the names each is made of.

    `names_over_cap` is true when names came after the cap on distinct ones was reached: their
    use is counted under `(other)`.
    """
    query = (
        select(Name.id, Name.name, CatalogueEntry.label, CatalogueEntry.is_hidden)
        .outerjoin(CatalogueEntry, CatalogueEntry.name_id == Name.id)
        .where(Name.project_id == project_id, Name.kind == kind)
        .order_by(Name.name)
    )
    features: dict[str, dict[str, Any]] = {}
    names = 0
    is_over = False
    for _, name, label, is_hidden in session.execute(query):
        if name == OTHER:
            is_over = True
            continue
        names += 1
        label = label or name
        feature = features.setdefault(label, {"label": label, "names": [], "is_hidden": True})
        feature["names"].append(name)
        feature["is_hidden"] = feature["is_hidden"] and bool(is_hidden)
    items = sorted(features.values(), key=lambda feature: str(feature["label"]))
    return {
        "items": items,
        "names": names,
        "most_names": NAMES[kind],
        "names_over_cap": is_over,
    }


def arrange(
    session: Session,
    project_id: str,
    kind: str,
    *,
    names: Sequence[str],
    label: str | None,
    is_hidden: bool,
    actor: str,
) -> None:
    """Have `names` read as `label`, all as one feature; None gives each its own name back.

    One name is renamed, several are grouped; a label that other names have joins them.

    Raises:
        NotFoundError: a name was never sent.
        InvalidRequestError: `(other)` is what did not fit, it cannot be arranged.
    """
    if OTHER in names or label == OTHER:
        raise InvalidRequestError(errors=[FieldError("#/names", f"{OTHER} cannot be arranged.")])
    query = select(Name).where(
        Name.project_id == project_id, Name.kind == kind, Name.name.in_(names)
    )
    found = session.scalars(query).all()
    if len(found) < len(set(names)):
        raise NotFoundError
    now = utc_now()
    for name in found:
        # Never deleted: what reads the catalogue sees by the latest time that it changed.
        session.merge(
            CatalogueEntry(
                name_id=name.id,
                project_id=project_id,
                label=label or name.name,
                is_hidden=is_hidden,
                changed_at=now,
            )
        )
    audit.record(
        session,
        actor=actor,
        action="features.arrange",
        subject=label or ", ".join(sorted(names))[:200],
        project_id=project_id,
        changes={"label": [None, label], "is_hidden": [None, is_hidden]},
    )
