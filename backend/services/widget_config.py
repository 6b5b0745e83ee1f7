"""The configuration a page gets: what may be judged there, and nothing it need not know."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from backend.domain.page_entry import page_entry
from backend.services.clock import utc_now
from backend.services.published import PublishedProject, PublishedSurvey

# The page reads these as "no" when they are absent, and the next as "no limit"; `triggers: []`
# means by hand only.
_ABSENT_WHEN_NO: Final = ("off", "page_rules", "page_views", "respect_dnt")
_ABSENT_WHEN_EMPTY: Final = ("starts_at", "ends_at", "pages", "devices", "origins")
_OF_TRIGGER: Final = ("type", "name", "delay_ms")


def configuration(
    project: PublishedProject, key: str, panel: str, *, views: str = "", is_whole: bool = False
) -> dict[str, Any]:
    """Return the document of docs/protocol.md; paused surveys are left out.

    What the surveys say comes with the decision, since most pages show none; `is_whole` puts it in
    here, for pages that draw a survey without asking. `views` names the file that counts pages.
    """
    now, traits = utc_now(), _page_traits(project)
    running = [each for each in project.surveys.values() if each.rules.status == "published"]
    document = {
        "v": 1,
        "key": key,
        "panel": panel,
        "off": not project.is_enabled,
        "page_rules": [rule._asdict() for rule in project.page_rules],
        "page_views": project.page_views,
        "respect_dnt": project.respects_dnt,
        "surveys": [_survey(each, now, traits, is_whole) for each in running]
        if project.is_enabled
        else [],
    }
    if project.page_views:
        document["views"] = views
    return _without_empty(document, _ABSENT_WHEN_NO)


def _survey(
    survey: PublishedSurvey, now: datetime, page_traits: Collection[str] | None, is_whole: bool
) -> dict[str, Any]:
    entry = page_entry(survey.rules, now, page_traits)
    entry = _without_empty(entry, _ABSENT_WHEN_EMPTY)
    triggers = [_trigger(each) for each in survey.record["triggers"]]
    content = {"content": survey.content} if is_whole else {}
    return entry | {"triggers": triggers} | content


def _without_empty(document: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if value or name not in names}


def _trigger(trigger: Mapping[str, Any]) -> dict[str, Any]:
    return {name: trigger[name] for name in _OF_TRIGGER if name in trigger}


def _page_traits(project: PublishedProject) -> Collection[str] | None:
    """Return the traits that the page knows as the server does, None when no rule reads any.

    A trait that a server or a signed token sends may be missing or different in the page; then
    only the server can judge it.
    """
    if project.server_traits is None:
        return None
    if project.identity_mode == "required":
        return ()
    read = {
        name if kind == "trait" else f"account.{name}"
        for survey in project.surveys.values()
        for kind in ("trait", "account_trait")
        for name in survey.names_read[kind]
    }
    return read - project.server_traits
