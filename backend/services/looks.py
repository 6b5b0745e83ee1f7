"""One look at a person: everything that is known of them, and what each survey says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from backend.domain import eligibility
from backend.domain.eligibility import Choice, Evaluation, SurveyRules, Visitor
from backend.domain.events import Link
from backend.services import visitors
from backend.services.published import PublishedProject
from backend.services.visitors import Asker, Question
from backend.storage import known, links
from backend.storage.known_user import KnownAccount, KnownUser, joined, reading


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen: `visitors` has the person as each survey meets them, by its id.

    Args:
        new_browser: id of the browser that a named person came with, when it was never seen.
    """

    user: KnownUser
    new_browser: str | None
    account: KnownAccount | None
    visitors: Mapping[str, Visitor]
    evaluations: Sequence[Evaluation]
    choice: Choice

    @property
    def account_key(self) -> int | None:
        """The account that caps count for."""
        return self.account.key if self.account else None


def look(
    connection: Connection,
    project: PublishedProject,
    question: Question,
    asker: Asker,
    rules: Mapping[str, SurveyRules],
    now: datetime,
    *,
    is_dry: bool = False,
) -> Look:
    """Look at a person as the surveys of `rules` meet them now.

    Args:
        is_dry: writes nothing: somebody never seen is taken for first seen now.
    """
    user, new_browser = _user(connection, project, question, asker, now, is_dry)
    account = _account(connection, project, asker, user, now, is_dry)
    person = visitors.visitor(project, question, asker, user, account, now)
    person = visitors.counted(
        connection, project.id, person, account.key if account else None, rules.values(), now
    )
    return judged(person, question, rules, now, user, new_browser, account)


def judged(
    person: Visitor,
    question: Question,
    rules: Mapping[str, SurveyRules],
    now: datetime,
    user: KnownUser,
    new_browser: str | None,
    account: KnownAccount | None,
) -> Look:
    """Return what each survey says of a person about whom everything is known."""
    met = {each: visitors.meeting(person, user, question, each) for each in rules}
    evaluations = [eligibility.evaluate(each, met[each.id], now) for each in rules.values()]
    return Look(
        user, new_browser, account, met, evaluations, eligibility.choose(evaluations, rules)
    )


def _user(
    connection: Connection,
    project: PublishedProject,
    question: Question,
    asker: Asker,
    now: datetime,
    is_dry: bool,
) -> tuple[KnownUser, str | None]:
    """Return the person with the past of their browsers, and the one they have now if new."""
    who = (connection, project.id, asker.user_id, asker.is_anonymous)
    if is_dry:
        user = known.find(*who) or KnownUser(0, asker.user_id, now)
    else:
        user = known.find_or_add(*who, now)
        known.keep_seen(connection, user, now)
    new_browser, anonymous_id = None, question.anonymous_id
    if asker.claims is not None:
        return _claimant(connection, project.id, user, asker.claims, anonymous_id), None
    if not asker.is_anonymous and anonymous_id is not None:
        browser = known.find(connection, project.id, anonymous_id, True)
        if browser is None:
            new_browser = anonymous_id
        elif browser.linked_to is None:
            if is_dry:
                return joined(known.with_linked(connection, user), [browser]), None
            links.link(connection, project.id, [Link(asker.user_id, anonymous_id)], now)
            user = known.find_or_add(*who, now)
    return known.with_linked(connection, user), new_browser


def _claimant(
    connection: Connection,
    project_id: str,
    own: KnownUser,
    user_id: str,
    anonymous_id: str | None,
) -> KnownUser:
    """Return who claims to be a user: met by that user's facts and rests, written to on their own.

    So a page without a token asks nobody who rests, and takes nothing from the user it names.
    """
    browser = known.find(connection, project_id, anonymous_id, True) if anonymous_id else None
    user = known.find(connection, project_id, user_id, False)
    own = joined(own, [browser] if browser else [])
    return own if user is None else reading(own, known.with_linked(connection, user))


def _account(
    connection: Connection,
    project: PublishedProject,
    asker: Asker,
    user: KnownUser,
    now: datetime,
    is_dry: bool,
) -> KnownAccount | None:
    """Return the account that page or token name, else the one that servers said."""
    if asker.account_id is None or (user.account and user.account.id == asker.account_id):
        return user.account
    return known.account(connection, project.id, asker.account_id, now, add=not is_dry)
