"""Answers written straight into the tables: many people, accounts and months in one go."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert

from backend.services.clock import to_ms, utc_now
from backend.services.profiles import pack
from backend.storage.db import Database
from backend.storage.fast import from_ms
from backend.storage.models import Account, Decision, Name, Response, Ticket, User

DAY_MS = 86_400_000
ROLES = ("admin", "member", "buyer", None)
PLANS = ("free", "pro", None)


@dataclass
class World:
    """Random answers of `people` over `days`; `scores` are drawn from."""

    people: int = 150
    accounts: int = 12
    days: int = 200
    scores: Sequence[int] = tuple(range(11))
    answers_each: int = 2
    unanswered: int = 60
    seed: int = 1
    roles: Sequence[str | None] = ROLES
    comments: Sequence[str | None] = ("The export is slow", "Love it, so easy", None)
    features: Sequence[str] = field(default_factory=lambda: [f"feature_{i}" for i in range(6)])


def write(db: Database, project_id: str, survey_id: str, world: World) -> None:
    """Add the world's rows to the project."""
    dice = random.Random(world.seed)
    now = to_ms(utc_now())

    def work(connection: Any) -> None:
        connection.execute(
            insert(Name),
            [{"project_id": project_id, "kind": "feature", "name": f} for f in world.features]
            + [{"project_id": project_id, "kind": "page", "name": p} for p in ("/home", "/a")],
        )
        ids = dict(
            connection.execute(Name.__table__.select().with_only_columns(Name.name, Name.id)).all()
        )
        accounts = [
            connection.execute(
                insert(Account).returning(Account.key),
                {
                    "project_id": project_id,
                    "account_id": f"acc_{i}",
                    "traits": {"arr": 1000 * (i + 1)},
                    "first_seen_at": from_ms(now - 300 * DAY_MS),
                },
            ).scalar_one()
            for i in range(world.accounts)
        ]
        rows = []
        for i in range(world.people + world.unanswered):
            account = dice.choice([*accounts, None]) if accounts else None
            user = connection.execute(
                insert(User).returning(User.key),
                {
                    "project_id": project_id,
                    "user_id": f"user_{i}",
                    "is_anonymous": False,
                    "account_key": account,
                    "traits": {"role": "admin", "plan": "pro"},
                    "first_seen_at": from_ms(now - 300 * DAY_MS),
                    "last_seen_at": from_ms(now - dice.randrange(DAY_MS)),
                    "activity_day": now // DAY_MS,
                    "activity_bits": dice.getrandbits(62),
                },
            ).scalar_one()
            for wave in range(world.answers_each if i < world.people else 1):
                at = now - dice.randrange(world.days * DAY_MS) - 1000
                rows.append(
                    _response(dice, world, ids, i < world.people, user, account, wave, at, i)
                )
        for row in rows:
            row |= {"project_id": project_id, "survey_id": survey_id}
            connection.execute(insert(Decision), _decision(row))
            connection.execute(insert(Ticket), _ticket(row))
        connection.execute(insert(Response), rows)

    db.write(work)


def _response(
    dice: random.Random,
    world: World,
    ids: dict[str, int],
    answered: bool,
    user: int,
    account: int | None,
    wave: int,
    at: int,
    i: int,
) -> dict[str, Any]:
    name = f"{user:010d}{wave:010d}"
    days = dice.randrange(31)
    role = dice.choice(world.roles)
    return {
        "id": "rsp_" + name,
        "ticket_hash": name.encode().ljust(32),
        "decision_id": "dec_" + name,
        "version": 1,
        "user_key": user,
        "account_key": account,
        "wave": wave if answered else None,
        "state": "completed" if answered else "shown",
        "revision": 1,
        "score": dice.choice(world.scores) if answered else None,
        "comment": dice.choice(world.comments) if answered else None,
        "answers": {},
        "role": role,
        "plan": dice.choice(PLANS),
        "page": dice.choice(("/home", "/a")),
        "language": "en",
        "app_version": dice.choice(("1.0", "2.0")),
        "device": "desktop",
        "traits": {"seats": dice.randrange(3), "email": f"u{i}@example.com"},
        "is_verified": dice.random() < 0.5,
        "is_manual": False,
        "is_test": False,
        "admission_probability": dice.choice((0.25, 1.0)),
        "invited_at": from_ms(at),
        "created_at": from_ms(at),
        "answered_at": from_ms(at) if answered else None,
        "updated_at": from_ms(at),
        "profiled_at": from_ms(at),
        "active_days": days,
        "active_percentile": 100 * (days + 1) / 31,
        "active_midrank": 100 * (days + 0.5) / 31,
        "features": pack(ids[f] for f in world.features if dice.random() < 0.4),
        "pages": pack([ids["/home"]]),
    }


def _decision(row: dict[str, Any]) -> dict[str, Any]:
    copied = ("project_id", "survey_id", "user_key", "version", "admission_probability")
    return {name: row[name] for name in copied} | {
        "id": row["decision_id"],
        "at": row["invited_at"],
        "is_shown": True,
        "reason": None,
        "is_manual": False,
        "page": row["page"],
        "evaluations": [],
    }


def _ticket(row: dict[str, Any]) -> dict[str, Any]:
    copied = ("project_id", "survey_id", "user_key", "account_key", "version", "decision_id")
    return {name: row[name] for name in copied} | {
        "token_hash": row["ticket_hash"],
        "wave": row["wave"] or 0,
        "context": {},
        "admission_probability": row["admission_probability"],
        "issued_at": row["invited_at"],
        "expires_at": row["invited_at"],
    }
