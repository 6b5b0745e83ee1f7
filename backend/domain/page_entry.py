"""What the page may know of a survey's rules: one entry of the published configuration."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from backend.domain.audience import localize
from backend.domain.sampling import Sampling
from backend.domain.survey_rules import SurveyRules

PAGE_MEMBERS = (
    "id",
    "version",
    "priority",
    "starts_at",
    "ends_at",
    "triggers",
    "pages",
    "devices",
    "origins",
    "rests",
    "old_enough_days",
)


def page_entry(
    rules: SurveyRules, now: datetime, page_traits: Collection[str] | None = None
) -> dict[str, Any]:
    """Return the rules as the page judges them, without `content`.

    Whoever passes on the server passes in the page: what only the server can judge is
    left to it, and a rate is the highest that may be in force for somebody.

    Args:
        page_traits: names of the traits that pages send, None for all; see `localize`.
    """
    record = rules.to_dict()
    return {name: record[name] for name in PAGE_MEMBERS} | {
        "audience": localize(rules.audience, page_traits),
        "sampling": _page_sampling(rules.sampling, now, page_traits),
    }


def _page_sampling(
    sampling: Sampling, now: datetime, page_traits: Collection[str] | None
) -> dict[str, Any]:
    highest = _highest_rate(sampling, now)
    segments: list[dict[str, Any]] = []
    last = highest
    for when, rate in reversed(sampling.segments):
        local = localize(when, page_traits)
        last = max(last, rate)
        # The page may take a wider rule for met: then any later rate may be the true one.
        segments.insert(0, {"when": local, "rate": rate if local == when else last})
    return {
        "salt": sampling.salt,
        "rate": highest,
        "segments": segments,
        "spread_days": sampling.spread_days,
        "started_on": sampling.started_on.isoformat() if sampling.started_on else None,
    }


def _highest_rate(sampling: Sampling, now: datetime) -> float:
    if not sampling.paced:
        return sampling.rate
    # A slot comes round every cycle, so a rate that ended before the last cycle holds for nobody.
    since = now - timedelta(days=max(1, sampling.spread_days))
    ends = [starts_at for starts_at, _ in sampling.paced[1:]]
    return max(
        rate
        for index, (_, rate) in enumerate(sampling.paced)
        if index == len(ends) or ends[index] > since
    )
