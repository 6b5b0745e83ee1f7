"""Surveys to start from: whole contents in English, to be changed word by word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from backend.domain import survey_defaults


class Template(NamedTuple):
    """What one may start from: its name, when it is the right one, and its content."""

    name: str
    about: str
    content: dict[str, Any]


def _content(questions: list[dict[str, Any]], texts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a content in the standard look."""
    standard = survey_defaults.content()
    own = {"questions": dict(texts), "thanks": {"text": "Thank you!"}}
    return standard | {"questions": questions, "texts": {"en": own}}


_CSAT: Final = _content(
    [
        {"id": "score", "kind": "csat", "required": True, "style": "faces"},
        {
            "id": "why",
            "kind": "text",
            "required": False,
            "show_if": {"question": "score", "answered": True},
        },
    ],
    {
        "score": {
            "text": "How satisfied are you with this?",
            "low": "Very dissatisfied",
            "high": "Very satisfied",
        },
        "why": {
            "text": "What is the main reason?",
            "by_band": {"dissatisfied": "We are sorry. What went wrong?"},
        },
    },
)
# The statement and its scale of agreement: CES 2.0, Dixon, "The Effortless Experience", 2013.
_CES: Final = _content(
    [
        {"id": "score", "kind": "ces", "required": True},
        {
            "id": "why",
            "kind": "text",
            "required": False,
            "show_if": {"question": "score", "band": ["difficult", "neutral"]},
        },
    ],
    {
        "score": {
            "text": "It was easy to get this done.",
            "low": "Strongly disagree",
            "high": "Strongly agree",
        },
        "why": {"text": "What made it hard?"},
    },
)
_FEATURE: Final = _content(
    [
        {"id": "score", "kind": "csat", "required": True, "style": "stars"},
        {
            "id": "missing",
            "kind": "choices",
            "required": False,
            "options": ["speed", "clarity", "options", "reliability"],
            "show_if": {"question": "score", "band": ["dissatisfied", "neutral"]},
        },
        {
            "id": "why",
            "kind": "text",
            "required": False,
            "show_if": {"question": "score", "answered": True},
        },
    ],
    {
        "score": {
            "text": "How useful is this feature to you?",
            "low": "Not at all",
            "high": "Very",
        },
        "missing": {
            "text": "What should become better?",
            "options": {
                "speed": "It should be faster",
                "clarity": "It should be easier to understand",
                "options": "It should do more",
                "reliability": "It should work every time",
            },
        },
        "why": {"text": "What would you change about it?"},
    },
)

TEMPLATES: Final[Mapping[str, Template]] = {
    "nps": Template(
        "Recommendation (NPS)",
        "Once a quarter: 0 to 10, then why. The score the insights are made for.",
        survey_defaults.content(),
    ),
    "csat": Template(
        "Satisfaction (CSAT)", "Just after something: five faces, then the reason.", _CSAT
    ),
    "ces": Template(
        "Effort (CES)", "After a task is done: was it easy? Asks only the others why.", _CES
    ),
    "feature": Template(
        "Feature feedback", "On a feature's page: stars, what is missing, in their words.", _FEATURE
    ),
}
