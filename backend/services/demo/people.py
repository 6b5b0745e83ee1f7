"""The accounts of the demo's world and the people in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from backend.domain.calendar import day_date
from backend.services.demo import truth

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AccountOf:
    """One invented company; `mood` is what its people's scores share."""

    id: str
    traits: dict[str, Any]
    language: str
    mood: float
    rollout_lag: int


@dataclass(frozen=True, slots=True)
class Person:
    """One invented user; `joined` is the first day of use, counted from the world's first."""

    id: str
    account: int
    role: str
    language: str
    device: str
    intensity: float
    mood: float
    joined: int
    traits: dict[str, Any]


def make_accounts(rng: np.random.Generator, sizes: Ints, today: int) -> list[AccountOf]:
    """Return one account for each size (users it has)."""
    accounts = []
    for index, size in enumerate(sizes.tolist()):
        plan, revenue = _plan(size)
        accounts.append(
            AccountOf(
                id=f"demo-{index + 1:02}",
                traits={
                    "name": truth.account_name(index + 1),
                    "plan": plan,
                    "arr": int(size * revenue * rng.uniform(0.8, 1.3) // 10 * 10),
                    "industry": str(rng.choice(truth.INDUSTRIES)),
                    "renews_on": day_date(today + int(rng.integers(5, 365))).isoformat(),
                    "is_demo": True,
                },
                language=_draw(rng, truth.LANGUAGES),
                mood=float(rng.normal(0, truth.PLANTED.account_sd)),
                rollout_lag=int(rng.integers(0, truth.ROLLOUT_DAYS)),
            )
        )
    return accounts


def make_sizes(rng: np.random.Generator, accounts: int, users: int) -> Ints:
    """Share `users` out among accounts: a few large ones, many small, each at least one.

    Raises:
        ValueError: fewer users than accounts.
    """
    if users < accounts:
        raise ValueError("every account needs a user")
    weights = rng.lognormal(0.0, 0.75, accounts)
    sizes: Ints = 1 + rng.multinomial(users - accounts, weights / weights.sum())
    return sizes


def make_people(
    rng: np.random.Generator, accounts: list[AccountOf], sizes: Ints, days: int
) -> list[Person]:
    """Return the users of all accounts; the first of each is its admin."""
    people: list[Person] = []
    for account, size in enumerate(sizes.tolist()):
        keenness = rng.normal(0, 0.08)
        for place in range(size):
            role = "admin" if place == 0 else _draw(rng, truth.ROLES)
            own = accounts[account]
            language = own.language if rng.random() < 0.8 else _draw(rng, truth.LANGUAGES)
            number = len(people) + 1
            people.append(
                Person(
                    id=f"user-{number:04}",
                    account=account,
                    role=role,
                    language=language,
                    device=_draw(rng, truth.DEVICES),
                    intensity=float(np.clip(rng.beta(0.9, 1.5) + keenness, 0.02, 0.95)),
                    mood=float(rng.normal(0, truth.PLANTED.user_sd)),
                    joined=0 if rng.random() < 0.72 else int(rng.integers(0, max(1, days - 5))),
                    traits={
                        "name": f"Demo User {number:04}",
                        "role": role,
                        "plan": own.traits["plan"],
                        "language": language,
                    },
                )
            )
    return people


def _plan(size: int) -> tuple[str, int]:
    for plan, most, revenue in truth.PLANS:
        if size <= most:
            return plan, revenue
    return truth.LARGEST_PLAN


def _draw(rng: np.random.Generator, shares: Any) -> str:
    return str(rng.choice(list(shares), p=list(shares.values())))
