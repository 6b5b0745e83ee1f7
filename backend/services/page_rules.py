"""What the project's rules make of a path, tried before they are saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from backend.domain.pages import PageRule, matches, page_path, page_template
from backend.services import projects


def tried(
    session: Session, project_id: str, path: str, rules: Sequence[dict[str, str]] | None
) -> dict[str, Any]:
    """Return what `path` counts as, and the place of the rule that says so.

    Args:
        rules: in place of the project's own; None for those.
    Raises:
        NotFoundError: no such project.
    """
    project = projects.find(session, project_id)
    known = [PageRule(**rule) for rule in (project.page_rules if rules is None else rules)]
    bare = page_path(path)
    first = next((i for i, rule in enumerate(known) if matches(rule.pattern, bare)), None)
    return {"path": bare, "template": page_template(path, known), "rule": first}
