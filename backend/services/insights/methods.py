"""The methods behind the numbers, as the REST API names and explains them.

Each name is also a heading of docs/methods.md, where the formula and an example stand.
"""

from __future__ import annotations

from typing import Final, TypedDict

from backend.domain.errors import NotFoundError

PATH: Final = "/api/v1/insights/methods/"


class Method(TypedDict):
    """One method: what it is called, and one plain sentence."""

    name: str
    definition: str
    summary: str


_SUMMARIES: Final = {
    "nps-interval": (
        "NPS is the share of promoters minus the share of detractors, with an adjusted Wald"
        " interval at the effective number of answers; each user's last answer counts."
    ),
    "breakdown": (
        "Each value against all the others together, over accounts; the false discovery rate"
        " over all values is held at 0.10."
    ),
    "feature-association": (
        "Users and non-users compared within groups of equal active use in the 30 days before"
        " the invitation: an association, not an effect."
    ),
    "recency": (
        "Answers with a release, or a first visit, in the 7 days before them, beside the others"
        " at equal active use; where it matters, the NPS with and without them."
    ),
    "trend": (
        "The level of each calendar period in the project's time zone. Neighbours are not"
        " compared: looked at every month, that finds a change that is none 4 years in 10."
    ),
    "did-it-land": (
        "The answers since a release against those of the 90 days up to it, by a test that may"
        " be looked at every day: since the release, never because of it."
    ),
    "drift": (
        "A baseline of 90 days, then every day weighed against it by role and plan; a false"
        " alarm comes once in ten years at most."
    ),
    "active-use": (
        "Fifths of active use by category; hot cells hold more answers than chance would put there."
    ),
    "accounts": (
        "An account's few answers are drawn towards those of all accounts as far as chance could"
        " explain them. Reasons to call, not a churn probability."
    ),
    "repeat-responders": (
        "The change of the same people: not the change of everybody, but free of a change in"
        " who answers."
    ),
    "who-answered": (
        "How even response was over role, plan and use, and the most that silence tied to these"
        " can move the NPS."
    ),
    "comments": (
        "Themes by the project's own words; terms that go with low or high scores of those who"
        " wrote them. The score is the sentiment."
    ),
    "planning": (
        "How many answers show a change of a given size 4 times in 5, counted with the answers"
        " of one account as partly the same."
    ),
}


def method(name: str) -> Method:
    """Return a method as every insight carries it.

    Raises:
        NotFoundError: there is no such method.
    """
    if name not in _SUMMARIES:
        raise NotFoundError
    return {"name": name, "definition": PATH + name, "summary": _SUMMARIES[name]}


def names() -> list[str]:
    """Return the names of all methods."""
    return list(_SUMMARIES)
