"""The configuration a page gets: what may be judged there, and nothing it need not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.domain import audience
from backend.services.published import PublishedProject, PublishedSurvey


def configuration(project: PublishedProject, key: str, panel: str) -> dict[str, Any]:
    """Return the document of docs/protocol.md; paused surveys are left out."""
    running = [each for each in project.surveys.values() if each.rules.status == "published"]
    return {
        "v": 1,
        "key": key,
        "panel": panel,
        "off": not project.is_enabled,
        "page_rules": [rule._asdict() for rule in project.page_rules],
        "page_views": False,
        "respect_dnt": False,
        "surveys": [_survey(each) for each in running] if project.is_enabled else [],
    }


def _survey(survey: PublishedSurvey) -> dict[str, Any]:
    record = survey.record
    return {
        **{
            name: record[name]
            for name in ("id", "version", "priority", "starts_at", "ends_at")
            if record.get(name) is not None
        },
        **{
            name: record[name]
            for name in ("triggers", "pages", "devices", "origins", "old_enough_days")
            if record.get(name) not in (None, [])
        },
        "audience": _local(record.get("audience")),
        "sampling": _sampling(record["sampling"]),
        "rests": record["rests"],
        "content": survey.content,
    }


def _local(rule: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return None if rule is None else audience.localize(rule)


def _sampling(sampling: Mapping[str, Any]) -> dict[str, Any]:
    segments = [
        {"when": _local(segment["when"]), "rate": segment["rate"]}
        for segment in sampling.get("segments") or ()
    ]
    return {**sampling, "segments": segments}
