"""A world of answers for the insights' benchmark, written straight into a migrated SQLite file."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from backend.domain import survey_defaults
from backend.storage.db import Database
from backend.storage.migrate import migrate

PROJECT = "prj_bench"
DAY_MS = 86_400_000
NOW_MS = 1_790_000_000_000
ROLES = ("admin", "member", "viewer", "buyer")
PLANS = ("free", "team", "business")
PAGES = tuple(f"/page/{i}" for i in range(40))


@dataclass(frozen=True)
class World:
    """How much there is of everything."""

    answers: int = 100_000
    accounts: int = 4_000
    features: int = 200
    used_each: int = 30
    days: int = 85
    """All within the default window of 90 days."""
    now_ms: int = NOW_MS


def write(path: Path, world: World, seed: int = 1) -> Database:
    """Make a database at `path` and fill it with random answers."""
    db = Database(f"sqlite:///{path}")
    migrate(db.engine)
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA foreign_keys=OFF")
    raw.execute("PRAGMA synchronous=OFF")
    with raw:
        _frame(raw, world)
        for first in range(0, world.answers, 50_000):
            _answers(raw, world, first, min(50_000, world.answers - first), seed)
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    return db


def add_usage(path: Path, rows: int, first_day: int = 20_000) -> None:
    """Store usage rows that no answer speaks of, to show that insights do not look at them."""
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA synchronous=OFF")
    with raw:
        raw.executemany(
            "INSERT INTO usage_days VALUES (?, ?, ?, 1, 0, 0)",
            ((i // 50, first_day, 1 + i % 50) for i in range(rows)),
        )
    raw.close()


def _frame(raw: sqlite3.Connection, world: World) -> None:
    raw.execute(
        "INSERT INTO projects (id, name, timezone, is_enabled, is_demo, identity_mode,"
        " excludes_unverified, allowed_origins, page_rules, created_at, updated_at, revision)"
        " VALUES (?, 'Bench', 'Europe/Berlin', 1, 0, 'optional', 0, '[]', '[]', 0, 0, 1)",
        (PROJECT,),
    )
    content = msgspec.json.encode(survey_defaults.content()).decode()
    raw.execute(
        "INSERT INTO surveys (id, project_id, name, status, priority, content, targeting,"
        " sampling, rests, limits, created_at, updated_at, revision)"
        " VALUES ('srv_bench', ?, 'NPS', 'archived', 0, ?, ?, ?, ?, ?, 0, 0, 1)",
        (PROJECT, content, *(msgspec.json.encode(part).decode() for part in _defaults())),
    )
    raw.execute(
        "INSERT INTO survey_versions (survey_id, number, content, published_at)"
        " VALUES ('srv_bench', 1, ?, 0)",
        (content,),
    )
    names = [("feature", f"feature_{i}") for i in range(world.features)]
    names += [("page", page) for page in PAGES]
    raw.executemany(
        "INSERT INTO names (project_id, kind, name) VALUES (?, ?, ?)",
        ((PROJECT, *name) for name in names),
    )
    raw.executemany(
        "INSERT INTO accounts (key, project_id, account_id, traits, first_seen_at)"
        " VALUES (?, ?, ?, ?, 0)",
        ((i + 1, PROJECT, f"acc_{i}", '{"arr":1000}') for i in range(world.accounts)),
    )


def _defaults() -> tuple[dict[str, Any], ...]:
    given = survey_defaults
    return given.targeting(), given.sampling("bench"), given.rests(), given.limits()


WORDS = tuple(f"word{i}" for i in range(3_000)) + ("slow", "export", "easy", "price", "love") * 20


def _comment(g: np.random.Generator) -> str:
    return " ".join(WORDS[i] for i in g.integers(0, len(WORDS), 12))


def _answers(raw: sqlite3.Connection, world: World, first: int, n: int, seed: int) -> None:
    g = np.random.default_rng(seed + first)
    users = 1 + first + np.arange(n)
    account = g.integers(1, world.accounts + 1, n)
    bits = g.integers(0, 1 << 62, n)
    raw.executemany(
        "INSERT INTO users (key, project_id, user_id, is_anonymous, account_key, traits,"
        " first_seen_at, last_seen_at, activity_day, activity_bits, recent_use)"
        " VALUES (?, ?, ?, 0, ?, ?, 0, ?, ?, ?, x'')",
        (
            (
                int(users[i]),
                PROJECT,
                f"user_{users[i]}",
                int(account[i]),
                f'{{"role":"{ROLES[i % 4]}","plan":"{PLANS[i % 3]}"}}',
                world.now_ms - 1,
                world.now_ms // DAY_MS,
                int(bits[i]),
            )
            for i in range(n)
        ),
    )
    at = np.sort(world.now_ms - g.integers(0, world.days * DAY_MS, n))
    score, days = g.integers(0, 11, n), g.integers(0, 31, n)
    pi = g.choice([0.25, 0.5, 1.0], n)
    # Each row its own random set: a random order cut off is too slow, a stride is not.
    start = g.integers(0, world.features, n)
    step = g.choice([1, 3, 7, 9, 11, 13], n)
    used = (start[:, None] + step[:, None] * np.arange(world.used_each)) % world.features
    packed = (np.sort(used, axis=1) + 1).astype("<u4")
    pages = world.features + 1 + np.sort(g.permuted(np.tile(np.arange(40), (n, 1)), axis=1)[:, :5])
    pages = pages.astype("<u4")
    comment = g.random(n) < 0.2
    raw.executemany(
        "INSERT INTO responses (id, project_id, ticket_hash, decision_id, survey_id, version,"
        " user_key, account_key, wave, state, revision, score, comment, answers, role, plan, page,"
        " language, app_version, device, traits, is_verified, is_manual, is_test,"
        " admission_probability, invited_at, created_at, answered_at, updated_at, profiled_at,"
        " active_days, active_percentile, active_midrank, features, pages) VALUES (?, ?, ?, '',"
        " 'srv_bench', 1, ?, ?, 1, 'completed', 1, ?, ?, '{}', ?, ?, ?, 'en', '2.1', 'desktop',"
        " ?, 1, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                f"rsp_{first + i:020d}",
                PROJECT,
                (first + i).to_bytes(32),
                int(users[i]),
                int(account[i]),
                int(score[i]),
                _comment(g) if comment[i] else None,
                ROLES[i % 4],
                PLANS[i % 3],
                PAGES[i % 40],
                f'{{"role":"{ROLES[i % 4]}","plan":"{PLANS[i % 3]}","seats":{i % 9}}}',
                float(pi[i]),
                *[int(at[i])] * 5,
                int(days[i]),
                100 * (days[i] + 1) / 31,
                100 * (days[i] + 0.5) / 31,
                packed[i].tobytes(),
                pages[i].tobytes(),
            )
            for i in range(n)
        ),
    )
