"""What people of the demo's world write under their score, in four languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from backend.domain.nps import Category

Texts = Mapping[Category, tuple[str, ...]]

# Said of something the answerer used or where they were asked: name -> what they write.
ABOUT_USE: Final[Mapping[str, Mapping[str, str]]] = {
    "schedule_report": {
        "en": "Scheduled reports save me an hour every Monday.",
        "de": "Die geplanten Berichte sparen mir jeden Montag eine Stunde.",
        "es": "Los informes programados me ahorran una hora cada lunes.",
        "fr": "Les rapports planifiés me font gagner une heure chaque lundi.",
    },
    "bank_import": {
        "en": "The bank import drops rows and I have to fix them by hand.",
        "de": "Der Bankimport verliert Zeilen, und ich muss sie von Hand nachtragen.",
        "es": "La importación bancaria pierde filas y tengo que corregirlas a mano.",
        "fr": "L'import bancaire perd des lignes et je dois les corriger à la main.",
    },
    "/reconcile": {
        "en": "Reconciling is slow and I cannot undo a wrong match.",
        "de": "Der Abgleich ist langsam, und Fehler lassen sich nicht rückgängig machen.",
        "es": "La conciliación es lenta y no puedo deshacer un emparejamiento erróneo.",
        "fr": "Le rapprochement est lent et on ne peut pas annuler une erreur.",
    },
}

PLAIN: Final[Mapping[str, Texts]] = {
    "en": {
        "promoter": (
            "It just works, and the whole team picked it up in a day.",
            "Month-end closing went from two days to half a day.",
            "Clear, fast, and support answers within the hour.",
            "The new version feels much quicker.",
            "Best overview of open invoices I have had so far.",
            "Easy to find everything, I hardly ever need the manual.",
            "Love the dashboard. I open it first thing in the morning.",
        ),
        "passive": (
            "Good, but filters are forgotten when I come back to a report.",
            "Does the job. A mobile app would make it better.",
            "Solid product, the price went up a bit too often.",
            "I would like more than one approval step on invoices.",
            "Fine so far, still missing a link to our payroll system.",
            "Nice to use, exports could be faster.",
        ),
        "detractor": (
            "Too slow with our number of customers.",
            "I keep losing my filters and start again every time.",
            "Support closed my ticket without solving it.",
            "Too many clicks for a simple invoice.",
            "We pay for seats nobody uses.",
            "The numbers on the dashboard do not match the report.",
            "Hard to find anything since the menu changed.",
        ),
    },
    "de": {
        "promoter": (
            "Läuft zuverlässig, und der Monatsabschluss geht doppelt so schnell.",
            "Sehr übersichtlich, das ganze Team kam sofort zurecht.",
            "Der Support antwortet schnell und kennt sich aus.",
        ),
        "passive": (
            "Gut, aber eine Schnittstelle zur Lohnbuchhaltung fehlt.",
            "Solide, die Exporte könnten schneller sein.",
        ),
        "detractor": (
            "Zu langsam bei vielen Kunden.",
            "Zu viele Klicks für eine einfache Rechnung.",
            "Die Filter gehen ständig verloren.",
        ),
    },
    "es": {
        "promoter": (
            "Muy claro y rápido, todo el equipo lo usa a diario.",
            "El cierre de mes ahora lleva la mitad de tiempo.",
        ),
        "passive": (
            "Está bien, pero falta una aplicación móvil.",
            "Cumple, aunque la exportación podría ser más rápida.",
        ),
        "detractor": (
            "Demasiados clics para una factura sencilla.",
            "Va lento con muchos clientes.",
        ),
    },
    "fr": {
        "promoter": (
            "Simple et rapide, toute l'équipe l'a adopté.",
            "La clôture du mois prend deux fois moins de temps.",
        ),
        "passive": (
            "Bien, mais il manque un lien avec la paie.",
            "Correct, les exports pourraient être plus rapides.",
        ),
        "detractor": (
            "Trop lent avec beaucoup de clients.",
            "Trop de clics pour une simple facture.",
        ),
    },
}


def comment(rng: np.random.Generator, category: Category, language: str, reasons: list[str]) -> str:
    """Return a comment that fits the score.

    Args:
        reasons: planted features and pages that moved this answer the way it went.
    """
    if reasons and rng.random() < 0.45:
        return ABOUT_USE[reasons[int(rng.integers(len(reasons)))]][language]
    texts = PLAIN[language][category]
    return texts[int(rng.integers(len(texts)))]
