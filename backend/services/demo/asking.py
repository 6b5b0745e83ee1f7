"""Whom the demo's world asked, who answered, and what: decisions as the real path makes them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from backend.domain import eligibility, tickets
from backend.domain.calendar import DAY_MS
from backend.domain.eligibility import SurveyRules, UsageFacts, Visitor
from backend.domain.nps import Category, classify
from backend.services.demo import truth
from backend.services.demo.comments import comment
from backend.services.demo.moods import balanced_moods
from backend.services.demo.past import Asked, Outcome, Past, Profile
from backend.services.demo.people import AccountOf, Floats, Person
from backend.services.demo.span import Span
from backend.services.demo.use import FIRST_PAGE, NAMES, WINDOW, Usage

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Share of visits that come from another device, whose page knows nothing of the rests: it asks
# the server, which refuses.
OTHER_DEVICE: Final = 0.03
# What becomes of an invitation: never drawn (the page was left), "no", "later"; else ignored.
LOST, DECLINED, LATER = 0.03, 0.22, 0.06
COMMENTS: Final = 0.55
WITHOUT_COMMENT: Final = 0.15


@dataclass(slots=True)
class Interviewer:
    """Walks through everybody's visits and asks as the rules allow, up to `now`.

    Everybody has a chance of their own (`number` seeds it): whatever the others still do before
    `now` changes nothing for them.
    """

    number: int
    rules: SurveyRules
    accounts: list[AccountOf]
    people: list[Person]
    usage: Usage
    span: Span
    now: datetime
    rng: np.random.Generator = field(init=False)
    moods: Floats = field(init=False)
    page_weights: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.moods = balanced_moods(self.people, self.accounts, self.usage.adopted)
        # A page asked on is one that was open for long.
        self.page_weights = np.array([habit.rate for habit in truth.PAGES.values()])

    def ask_everybody(self, pasts: list[Past]) -> Iterator[Asked]:
        """Yield each decision; `pasts`, one a person, end as the users' rows will have them."""
        for user, past in enumerate(pasts):
            self.rng = np.random.default_rng((self.number, user))
            slot = self.span.first_day + int(self.rng.integers(0, self.span.spread_days))
            rests_until = _EPOCH + timedelta(days=slot)
            for visit in range(self.usage.of[user], self.usage.of[user + 1]):
                moment = self._moment(visit)
                if moment is None:
                    continue
                page, at = moment
                if at < rests_until:
                    if past.shown_at is None or self.rng.random() >= OTHER_DEVICE:
                        continue
                elif past.open_until is not None and at < past.open_until:
                    continue
                asked = self._ask(user, visit, page, at, past)
                if asked.outcome is not None:
                    past.move(asked.outcome, at, at + tickets.UNSHOWN_FOR)
                    rests_until = self._rests_until(past, at)
                yield asked

    def _moment(self, visit: int) -> tuple[int, datetime] | None:
        """Return the page on which this visit could ask, and when; None when no page was open."""
        pages = np.flatnonzero(self.usage.used[visit, FIRST_PAGE:])
        if not len(pages):
            return None
        weights = self.page_weights[pages]
        page = int(self.rng.choice(pages, p=weights / weights.sum()))
        ms = int(self.usage.day[visit]) * DAY_MS + int(
            self.usage.first_ms[visit, FIRST_PAGE + page]
        )
        at = _EPOCH + timedelta(milliseconds=ms + int(self.rng.integers(1_500, 6_000)))
        return (page, at) if at < self.now - tickets.UNSHOWN_FOR else None

    def _ask(self, user: int, visit: int, page: int, at: datetime, past: Past) -> Asked:
        person, profile = self.people[user], self._profile(visit, at)
        visitor = self._visitor(person, page, at, past, profile)
        evaluation = eligibility.evaluate(self.rules, visitor, at)
        outcome = None
        if evaluation.passed:
            outcome = self._outcome(user, visitor, profile, at)
        return Asked(
            user=user,
            at=at,
            visitor=visitor,
            evaluation=eligibility.stored(self.rules, visitor, evaluation),
            reason=evaluation.reason,
            profile=profile,
            wave=past.answers,
            outcome=outcome,
        )

    def _profile(self, visit: int, at: datetime) -> Profile:
        usage = self.usage
        day = int(usage.day[visit])
        ms = (at - _EPOCH) // timedelta(milliseconds=1) - day * DAY_MS
        first = usage.of[usage.user[visit]]
        since = first + int(np.searchsorted(usage.day[first:visit], day - WINDOW))
        used = usage.used[since:visit].any(axis=0)
        used |= usage.used[visit] & (usage.first_ms[visit] <= ms)
        return Profile(
            tuple(np.flatnonzero(used).tolist()),
            int(usage.active_days[visit]),
            _known(usage.percentile[visit]),
            _known(usage.midrank[visit]),
        )

    def _visitor(
        self, person: Person, page: int, at: datetime, past: Past, profile: Profile
    ) -> Visitor:
        account = self.accounts[person.account]
        template = NAMES[FIRST_PAGE + page][1]
        return Visitor(
            id=person.id,
            traits=person.traits,
            account_id=account.id,
            account_traits={"plan": account.traits["plan"]},
            page=template.replace(":id", str(1000 + int(self.rng.integers(0, 400)))),
            page_template=template,
            device=person.device,
            language=person.language,
            app_version=self._version(account, at),
            trigger=eligibility.Trigger(),
            first_seen_at=past.first_seen_at,
            usage=UsageFacts(active_days=profile.active_days),
            history={} if past.shown_at is None else {self.rules.id: past.history()},
            any_survey_shown_at=past.shown_at,
            open_ticket_until=past.open_until,
        )

    def _version(self, account: AccountOf, at: datetime) -> str:
        day = (at - _EPOCH).days - account.rollout_lag
        return [name for name, since in self.span.releases if day >= since][-1]

    def _outcome(self, user: int, visitor: Visitor, profile: Profile, at: datetime) -> Outcome:
        rng = self.rng
        shown_at = at + timedelta(milliseconds=int(rng.integers(150, 900)))
        feeling, reasons = self._feeling(user, visitor, profile)
        # Those with strong feelings answer more often: the bias that real answers have.
        answers = 0.23 + 0.035 * min(abs(feeling - truth.PLANTED.base), 3.5)
        draw = float(rng.random())
        if draw < answers:
            return self._answer(feeling, reasons, str(visitor.language), shown_at)
        rest = (draw - answers) / (1 - answers)
        ended_at = shown_at + timedelta(seconds=float(rng.uniform(1.5, 15)))
        if rest < LOST:
            return Outcome("lost", None, ended_at)
        if rest < LOST + DECLINED:
            return Outcome("declined", shown_at, ended_at)
        if rest < LOST + DECLINED + LATER:
            return Outcome("later", shown_at, ended_at)
        return Outcome("shown", shown_at, shown_at)

    def _feeling(
        self, user: int, visitor: Visitor, profile: Profile
    ) -> tuple[float, dict[str, float]]:
        """Return the score before rounding, and the planted effects of use and page in it."""
        planted = truth.PLANTED
        names = {NAMES[place][1] for place in profile.names}
        effects = {
            name: effect
            for name, effect in (*planted.features.items(), *planted.pages.items())
            if (name in names if name in planted.features else name == visitor.page_template)
        }
        feeling = (
            planted.base
            + self.moods[user]
            + sum(effects.values())
            + sum(e for since, e in planted.releases.items() if _at_least(visitor, since))
            + planted.active_use * (profile.active_days / WINDOW - 0.3)
            + float(self.rng.normal(0, planted.noise_sd))
            - float(self.rng.uniform(3, 8)) * (self.rng.random() < planted.bad_day)
        )
        return feeling, effects

    def _answer(
        self, feeling: float, effects: dict[str, float], language: str, shown_at: datetime
    ) -> Outcome:
        rng = self.rng
        score = int(np.clip(np.rint(feeling), 0, 10))
        scored_at = shown_at + timedelta(seconds=float(rng.gamma(2.0, 4.0) + 1.2))
        draw = float(rng.random())
        if draw < COMMENTS:
            band = classify(score)
            assert band is not None
            text = comment(rng, band, language, _fitting(effects, band))
            return Outcome("completed", shown_at, scored_at, score, text)
        state = "completed" if draw < COMMENTS + WITHOUT_COMMENT else "scored"
        return Outcome(state, shown_at, scored_at, score)

    def _rests_until(self, past: Past, invited_at: datetime) -> datetime:
        rests = self.rules.rests
        last = past.history()
        ends = [
            at + timedelta(days=days)
            for at, days in (
                (past.answered_at, rests.rest_days),
                (past.declined_at, rests.decline_rest_days),
                (past.later_at, rests.later_rest_days),
                (last.ignored_since, rests.ignore_rest_days),
                (past.shown_at, rests.any_survey_rest_days),
                (past.open_until, 0),
            )
            if at is not None
        ]
        return max(ends, default=invited_at)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _at_least(visitor: Visitor, version: str) -> bool:
    order = [name for name, _ in truth.VERSIONS]
    return order.index(str(visitor.app_version)) >= order.index(version)


def _fitting(effects: dict[str, float], band: Category) -> list[str]:
    if band == "passive":
        return []
    return [name for name, effect in effects.items() if (effect > 0) == (band == "promoter")]
