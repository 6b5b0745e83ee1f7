"""Every state a panel can be in, to be drawn by `zeroten('preview', …)`."""

from __future__ import annotations

from typing import Any

from tests.e2e.widget.guest import Guest
from tests.e2e.widget.scene import NPS

ARABIC: dict[str, Any] = {
    "default_language": "ar",
    "questions": NPS["questions"],
    "texts": {
        "ar": {
            "questions": {
                "score": {
                    "text": "ما مدى احتمال أن توصي بنا؟",
                    "low": "غير محتمل",
                    "high": "محتمل جدًا",
                },
                "why": {"text": "هل تخبرنا بالسبب؟"},
            },
            "thanks": {"text": "شكرًا لك!"},
        }
    },
}
KINDS: dict[str, Any] = {
    "default_language": "en",
    "questions": [
        {"id": "a", "kind": "choice", "options": ["x", "y"], "required": True},
        {"id": "b", "kind": "csat", "style": "faces"},
        {"id": "c", "kind": "rating", "style": "stars"},
        {"id": "d", "kind": "choices", "options": ["x", "y", "z"], "max": 2},
        {"id": "e", "kind": "rating", "max": 10},
        {"id": "f", "kind": "text", "required": True},
    ],
    "texts": {
        "en": {
            "questions": {
                "a": {"text": "Which one?", "options": {"x": "First", "y": "Second"}},
                "b": {"text": "Satisfied?", "low": "No", "high": "Yes"},
                "c": {"text": "Rate it"},
                "d": {
                    "text": "Which of these?",
                    "options": {"x": "The API", "y": "The dashboard", "z": "The command line"},
                },
                "e": {"text": "How quick was it?", "low": "Slow", "high": "Quick"},
                "f": {"text": "What should come next?", "placeholder": "In a few words"},
            },
            "thanks": {"text": "Thank you!"},
        }
    },
}
EFFORT: dict[str, Any] = {
    "default_language": "en",
    "questions": [{"id": "score", "kind": "ces", "required": True}],
    "texts": {
        "en": {
            "questions": {
                "score": {
                    "text": "It was easy to find what I needed.",
                    "low": "Strongly disagree",
                    "high": "Strongly agree",
                }
            },
            "thanks": {"text": "Thank you!"},
        }
    },
}
LOGO = {"path": "M2 2H22V22H2Z", "size": 24, "label": "Acme"}
ANSWERED = {"a": "x", "b": 4, "c": 3, "d": ["x", "z"]}

STATES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "scale": (NPS, {}),
    "follow-up": (NPS, {"state": "why", "values": {"score": 3}}),
    "thanks": (NPS, {"state": "thanks", "values": {"score": 10}}),
    "error": (KINDS, {"state": "error"}),
    "faces": (KINDS, {"state": "b", "values": ANSWERED}),
    "stars": (KINDS, {"state": "c", "values": ANSWERED}),
    "choice": (KINDS, {"state": "a", "values": ANSWERED}),
    "choices": (KINDS, {"state": "d", "values": ANSWERED}),
    "rating": (KINDS, {"state": "e", "values": ANSWERED}),
    "words": (KINDS, {"state": "f", "values": ANSWERED, "theme": {"logo": LOGO}}),
    "effort": (EFFORT, {}),
    "inline": (NPS, {"theme": {"layout": "inline"}, "into": "#here"}),
    "full": (KINDS, {"theme": {"layout": "full", "logo": LOGO}, "state": "d"}),
}
# Where a survey that stands in the page is put.
PLACE = "<div id=here></div>"


def mirrored(content: dict[str, Any]) -> dict[str, Any]:
    """Return a survey from right to left; what has no Arabic words here keeps its own."""
    if content is NPS:
        return ARABIC
    return content | {"default_language": "ar", "texts": {"ar": content["texts"]["en"]}}


def draw(guest: Guest, content: dict[str, Any], options: dict[str, Any]) -> None:
    """Put a state on the screen in place of what stands there."""
    guest.page.evaluate(
        "([content, options]) => zeroten('preview', content, options)", [content, options]
    )
    guest.panel().get_by_role("heading").wait_for()


def stage(guest: Guest, given: Any, head: str = "") -> None:
    """Open a page in which states can be drawn."""
    guest.page.goto(given.page(PLACE, head=head))
    guest.page.wait_for_function("window.zeroten?.loaded")
