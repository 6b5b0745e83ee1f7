"""What is true in the demo's world: its names, and the effects planted for insights to find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

PRODUCT: Final = "Tallybrook"
PROJECT_NAME: Final = "Tallybrook (demo data)"


@dataclass(frozen=True, slots=True)
class Habit:
    """How a feature or page is taken up.

    Args:
        adoption: share of average users who use it at all.
        slope: how much that share grows from a user who never comes to one who comes daily:
            this is what makes a popular feature look good before active use is held equal.
        rate: share of an adopter's active days on which they use it.
    """

    adoption: float
    slope: float
    rate: float


@dataclass(frozen=True, slots=True)
class Planted:
    """What moves a score, in points of the 0-10 scale, everything else being equal.

    Args:
        features: for having used it in the 30 days before the invitation.
        roles, pages, releases: for the answerer's role, the page they were asked on, the app
            version and all later ones.
        active_use: from a user who never comes to one who comes daily.
        account_sd, user_sd, noise_sd: standard deviations of what accounts share, of what a user
            keeps from answer to answer, and of the rest.
        bad_day: share of answers that are 3 to 8 points lower for no reason of the product's.
    """

    base: float
    features: Mapping[str, float]
    roles: Mapping[str, float]
    pages: Mapping[str, float]
    releases: Mapping[str, float]
    active_use: float
    account_sd: float
    user_sd: float
    noise_sd: float
    bad_day: float


PLANTED: Final = Planted(
    base=8.0,
    features={"schedule_report": 0.9, "bank_import": -0.9},
    roles={"manager": 0.7, "analyst": -1.0},
    pages={"/reconcile": -1.5},
    releases={"5.0.0": 0.6},
    active_use=1.0,
    account_sd=0.45,
    user_sd=1.1,
    noise_sd=0.7,
    bad_day=0.02,
)

FEATURES: Final[Mapping[str, Habit]] = {
    "search": Habit(0.82, 0.35, 0.45),
    "apply_filter": Habit(0.70, 0.50, 0.40),
    "create_invoice": Habit(0.62, 0.45, 0.40),
    "export_csv": Habit(0.55, 0.60, 0.30),
    "record_payment": Habit(0.50, 0.45, 0.30),
    "send_reminder": Habit(0.42, 0.40, 0.25),
    "schedule_report": Habit(0.45, 0.45, 0.30),
    "bank_import": Habit(0.45, 0.30, 0.30),
    "share_report": Habit(0.38, 0.40, 0.22),
    "attach_receipt": Habit(0.36, 0.30, 0.25),
    "duplicate_invoice": Habit(0.30, 0.30, 0.20),
    "convert_currency": Habit(0.26, 0.20, 0.20),
    "budget_alert": Habit(0.24, 0.25, 0.18),
    "custom_fields": Habit(0.18, 0.20, 0.15),
    "invite_teammate": Habit(0.03, 0.00, 0.12),
}
ADMIN_FEATURE: Final = "invite_teammate"
ADMIN_ADOPTION: Final = 0.85

# Used by many and more so by those who come often, yet without any effect of their own.
HEAVY_NULLS: Final = ("search", "apply_filter", "create_invoice", "export_csv", "record_payment")

PAGES: Final[Mapping[str, Habit]] = {
    "/dashboard": Habit(1.00, 0.00, 0.85),
    "/reports": Habit(0.85, 0.30, 0.45),
    "/reports/:id": Habit(0.75, 0.40, 0.40),
    "/invoices": Habit(0.80, 0.30, 0.50),
    "/invoices/:id": Habit(0.70, 0.30, 0.40),
    "/customers": Habit(0.60, 0.30, 0.30),
    "/customers/:id": Habit(0.45, 0.30, 0.25),
    "/reconcile": Habit(0.75, 0.20, 0.35),
    "/settings": Habit(0.40, 0.10, 0.06),
    "/team": Habit(0.25, 0.10, 0.05),
}

ROLES: Final[Mapping[str, float]] = {
    "admin": 0.12,
    "manager": 0.24,
    "analyst": 0.24,
    "member": 0.40,
}
LANGUAGES: Final[Mapping[str, float]] = {"en": 0.64, "de": 0.15, "es": 0.11, "fr": 0.10}
DEVICES: Final[Mapping[str, float]] = {"desktop": 0.83, "mobile": 0.12, "tablet": 0.05}

# (version, days before today on which it went out; accounts follow within three days).
ALWAYS_OUT: Final = 10_000
VERSIONS: Final = (("4.8.0", ALWAYS_OUT), ("4.9.0", 140), ("5.0.0", 85), ("5.1.0", 30))
ROLLOUT_DAYS: Final = 4

# (plan, users an account of it has at most, yearly revenue a user in EUR)
PLANS: Final = (("starter", 15, 120), ("team", 35, 240), ("business", 80, 360))
LARGEST_PLAN: Final = ("enterprise", 480)
INDUSTRIES: Final = ("retail", "logistics", "agency", "manufacturing", "hospitality", "non-profit")

# Two plain words each: nobody should take one for a company that exists.
ACCOUNT_NAMES: Final = tuple(
    f"{animal} {thing}"
    for thing in ("Lanterns", "Teapots", "Umbrellas", "Ladders")
    for animal in (
        "Quiet Otter",
        "Striped Heron",
        "Sleepy Badger",
        "Paper Fox",
        "Green Walrus",
        "Tiny Moose",
        "Brave Snail",
        "Purple Yak",
        "Humming Newt",
        "Left-handed Owl",
    )
)


def account_name(number: int) -> str:
    """Return the plainly invented name of the account `number`, counted from 1."""
    return f"Demo Account {number:02} – {ACCOUNT_NAMES[(number - 1) % len(ACCOUNT_NAMES)]}"
