"""The demo's survey: the standard one, in four languages, asking soon after a page opens."""

from __future__ import annotations

from typing import Any, Final

from backend.services.demo.truth import PRODUCT

ASK_AFTER_MS: Final = 1_500

TARGETING: Final[dict[str, Any]] = {
    "triggers": [{"type": "page_load", "delay_ms": ASK_AFTER_MS}],
    "old_enough_days": 0,
}
SAMPLING: Final[dict[str, Any]] = {"rate": 1.0, "spread_days": 0}


def content() -> dict[str, Any]:
    """Return the survey's content in the form of `docs/protocol.md`."""
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
            "en": _texts(
                f"How likely are you to recommend {PRODUCT} to a colleague?",
                ("Not at all likely", "Extremely likely"),
                (
                    "Care to tell us why?",
                    "What should we do better?",
                    "What would make it a 10?",
                    "What do you value most?",
                ),
                "Thank you! Your answer goes straight to the team.",
            ),
            "de": _texts(
                f"Wie wahrscheinlich empfehlen Sie {PRODUCT} weiter?",
                ("Sehr unwahrscheinlich", "Sehr wahrscheinlich"),
                (
                    "Mögen Sie uns sagen, warum?",
                    "Was sollten wir besser machen?",
                    "Was fehlt zur 10?",
                    "Was schätzen Sie am meisten?",
                ),
                "Danke! Ihre Antwort geht direkt an das Team.",
            ),
            "es": _texts(
                f"¿Qué probabilidad hay de que recomiende {PRODUCT} a un colega?",
                ("Nada probable", "Muy probable"),
                (
                    "¿Nos cuenta por qué?",
                    "¿Qué deberíamos mejorar?",
                    "¿Qué le falta para un 10?",
                    "¿Qué es lo que más valora?",
                ),
                "¡Gracias! Su respuesta llega directamente al equipo.",
            ),
            "fr": _texts(
                f"Recommanderiez-vous {PRODUCT} à un collègue ?",
                ("Pas du tout probable", "Très probable"),
                (
                    "Voulez-vous nous dire pourquoi ?",
                    "Que devrions-nous améliorer ?",
                    "Que manque-t-il pour un 10 ?",
                    "Qu'appréciez-vous le plus ?",
                ),
                "Merci ! Votre réponse va directement à l'équipe.",
            ),
        },
        "theme": {
            "mode": "auto",
            "accent": "#0f766e",
            "accent_dark": "#2dd4bf",
            "position": "bottom-right",
            "layout": "corner",
        },
        "later": True,
    }


def _texts(
    question: str, ends: tuple[str, str], why: tuple[str, str, str, str], thanks: str
) -> dict[str, Any]:
    always, detractor, passive, promoter = why
    return {
        "questions": {
            "score": {"text": question, "low": ends[0], "high": ends[1]},
            "why": {
                "text": always,
                "by_band": {"detractor": detractor, "passive": passive, "promoter": promoter},
            },
        },
        "thanks": {"text": thanks},
    }
