"""The methods behind the numbers, as the REST API names and explains them.

Each name is also a heading of docs/methods.md, where the formula and an example stand.
"""

from __future__ import annotations

from typing import Final, TypedDict

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
}


def method(name: str) -> Method:
    """Return a method as every insight carries it.

    Raises:
        KeyError: there is no such method.
    """
    return {"name": name, "definition": PATH + name, "summary": _SUMMARIES[name]}


def names() -> list[str]:
    """Return the names of all methods."""
    return list(_SUMMARIES)
