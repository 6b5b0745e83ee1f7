"""The survey a newcomer gets: the 0-10 question, one follow-up, a thank-you."""

from __future__ import annotations

from typing import Any


def content() -> dict[str, Any]:
    """Return the content of `docs/protocol.md` with the standard wording in English."""
    return {
        "default_language": "en",
        "questions": [
            {"id": "score", "kind": "nps", "required": True},
            {
                "id": "why",
                "kind": "text",
                "required": False,
                "show_if": {"question": "score", "answered": True},
            },
        ],
        "texts": {
            "en": {
                "questions": {
                    "score": {
                        "text": "How likely are you to recommend us to a colleague?",
                        "low": "Not at all likely",
                        "high": "Extremely likely",
                    },
                    "why": {
                        "text": "Care to tell us why?",
                        "by_band": {
                            "detractor": "What should we do better?",
                            "passive": "What would make it a 10?",
                            "promoter": "Care to tell us why?",
                        },
                    },
                },
                "thanks": {"text": "Thank you!"},
            }
        },
        "theme": {"mode": "auto", "position": "bottom-right", "layout": "corner"},
        "later": True,
    }


def targeting() -> dict[str, Any]:
    """Return who may be asked, before an admin has narrowed it."""
    return {
        "origins": [],
        "triggers": [{"type": "page_load", "delay_ms": 2000}],
        "pages": [],
        "devices": [],
        "audience": None,
        "old_enough_days": 30,
    }


def sampling(salt: str) -> dict[str, Any]:
    """Return the sampling of a new survey: everybody, over the next 90 days."""
    return {"salt": salt, "rate": 1.0, "segments": [], "spread_days": 90, "started_on": None}


def rests() -> dict[str, Any]:
    """Return the days of rest."""
    return {
        "rest_days": 90,
        "decline_rest_days": 30,
        "ignore_rest_days": 14,
        "later_rest_days": 7,
        "any_survey_rest_days": 7,
    }


def limits() -> dict[str, Any]:
    """Return the safety stops and the target: none until an admin sets them."""
    return {"account_cap": None, "daily_budget": None, "target": None}
