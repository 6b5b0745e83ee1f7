"""Holds every operation of the OpenAPI document against made-up requests.

`python -m tests.fuzz.promises 200` sends about that many to each operation as each role, on an
empty database of its own, and prints what was not as promised.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings

from backend.app import create_app
from backend.config import Config
from backend.services import projects, surveys
from backend.storage.db import Database
from backend.storage.migrate import migrate

ROLES = ("owner", "viewer")
# A schema cannot say which text is a cursor of this list, an origin, a tag that was read: such are
# refused with 422, 412 or 428 though they fit it.
BEYOND_A_SCHEMA = ["2xx", "401", "403", "404", "409", "410", "412", "422", "428"]
CHECKS = schemathesis.Config.from_dict(
    {"checks": {"positive_data_acceptance": {"expected-statuses": BEYOND_A_SCHEMA}}}
)


@contextmanager
def world(folder: Path) -> Iterator[tuple[Flask, dict[str, str]]]:
    """Give an application with one project, and a token of each role."""
    config = Config(data_dir=folder, rate_limits=False)
    db = Database(config.url)
    migrate(db.engine)

    def work(session: Any) -> dict[str, str]:
        made = projects.create(session, name="Acme", origins=["https://app.example.com"])
        surveys.publish(session, surveys.create(session, made.project.id, name="NPS"))
        return {
            role: projects.create_token(session, project_id=made.project.id, name=role, role=role)[
                1
            ]
            for role in ROLES
        }

    tokens = db.transact(work)
    yield create_app(config, db), tokens
    db.close()


def broken(app: Flask, token: str, examples: int) -> dict[str, str]:
    """Return, by operation, what was answered otherwise than the document promises."""
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app, config=CHECKS)
    found: dict[str, str] = {}
    for result in schema.get_all_operations():
        operation = result.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        def one(case: Any) -> None:
            case.call_and_validate(headers={"Authorization": f"Bearer {token}"})

        try:
            one()
        except (Exception, BaseExceptionGroup) as error:
            found[operation.label] = _told(error)
    return found


def _told(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return "\n".join(_told(inner) for inner in error.exceptions)
    return f"{type(error).__name__}: {str(error)[:1_500]}"


def main() -> int:
    """Run as many examples as the command line says; return 1 when a promise was broken."""
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    failures = 0
    with tempfile.TemporaryDirectory() as folder, world(Path(folder)) as (app, tokens):
        for role in reversed(ROLES):
            for label, told in broken(app, tokens[role], examples).items():
                failures += 1
                print(f"== {role}: {label}\n{told}\n")
    print(f"{failures} operations answered otherwise than the document says")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
