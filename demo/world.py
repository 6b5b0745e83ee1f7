"""The data folder: made ready, filled when it is new, its keys kept from start to start."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.config import Config
from backend.domain.errors import DomainError, StorageUnavailableError
from backend.services import credentials, projects
from backend.services.clock import utc_now
from backend.storage.db import Database
from backend.storage.migrate import migrate
from backend.storage.models import AdminToken, ApiKey, Project, Survey
from demo import sign_in
from demo.console import DemoError, say
from demo.settings import Settings

TOKEN_NAME = "demo"  # noqa: S105 - a token's name


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens the demo project."""

    project_id: str
    survey_id: str
    publishable_key: str
    secret_key: str
    admin_token: str
    email: str
    password: str


def prepare(settings: Settings, known: Mapping[str, Any]) -> Keys:
    """Bring the tables up to date and return the demo project's keys, seeding it if need be.

    Args:
        known: what an earlier start wrote into demo.json; its secrets are used again.
    """
    db = Database(Config(data_dir=settings.data_dir).url, pool_size=2)
    try:
        migrate(db.engine)
        project_id = _demo_project(db, known.get("project_id"))
        if project_id is None:
            return _seed(db, settings)
        say("Using the demo project in the data folder.")
        return _reopen(db, settings, project_id, known)
    finally:
        db.close()


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Hold the lock that the server takes too: one process at a time writes the SQLite file.

    Raises:
        DemoError: a server runs on this data folder.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with (settings.data_dir / "server.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DemoError(
                f"A server already runs on the data folder {settings.data_dir}."
                " Stop it, or choose another one: make demo ZEROTEN_DATA=./var2 PORT=8010"
            ) from None
        yield


def _demo_project(db: Database, wanted: str | None) -> str | None:
    query = select(Project.id).where(Project.is_demo).order_by(Project.created_at, Project.id)
    with db.read() as session:
        found = list(session.scalars(query))
    return wanted if wanted in found else next(iter(found), None)


def _seed(db: Database, settings: Settings) -> Keys:
    from backend.services import demo  # numpy and scipy: not wanted by a second start

    say(f"Filling {settings.data_dir} with made-up data, once:")
    seeded = demo.seed(
        db,
        now=utc_now(),
        accounts=settings.accounts,
        users=settings.users,
        days=settings.days,
        origins=settings.origins,
        progress=lambda step: say(f"  {step}"),
    )
    return Keys(
        project_id=seeded.project_id,
        survey_id=seeded.survey_id,
        publishable_key=seeded.publishable_key,
        secret_key=seeded.secret_key,
        admin_token=seeded.admin_token,
        email=sign_in.EMAIL,
        password=sign_in.password(db, seeded.project_id, None),
    )


def _reopen(db: Database, settings: Settings, project_id: str, known: Mapping[str, Any]) -> Keys:
    """Return the keys known from before; what is lost or no longer valid is made anew."""
    secret, token = known.get("secret_key"), known.get("admin_token")
    keeps_secret = isinstance(secret, str) and _opens(
        lambda: credentials.secret_key_project(db, secret, "events:write"), project_id
    )
    keeps_token = isinstance(token, str) and _opens(
        lambda: credentials.admin_principal(db, token).project_id, project_id
    )

    known_password = known.get("password")
    password = sign_in.password(
        db, project_id, known_password if isinstance(known_password, str) else None
    )

    def work(session: Session) -> Keys:
        _allow_origins(session, project_id, settings.origins)
        survey_id = session.scalar(
            select(Survey.id).where(Survey.project_id == project_id).order_by(Survey.created_at)
        )
        return Keys(
            project_id=project_id,
            survey_id=survey_id or "",
            publishable_key=_publishable_key(session, project_id),
            secret_key=str(secret) if keeps_secret else _new_secret_key(session, project_id),
            admin_token=str(token) if keeps_token else _new_token(session, project_id),
            email=sign_in.EMAIL,
            password=password,
        )

    return db.transact(work)


def _opens(project_of: Any, project_id: str) -> bool:
    try:
        return bool(project_of() == project_id)
    except StorageUnavailableError:
        raise
    except DomainError:
        return False


def _allow_origins(session: Session, project_id: str, origins: list[str]) -> None:
    project = projects.find(session, project_id)
    # Another port, perhaps; what somebody added by hand stays.
    missing = [origin for origin in origins if origin not in project.allowed_origins]
    if not origins:
        project.allowed_origins = []
    elif missing:
        project.allowed_origins = [*project.allowed_origins, *missing]


def _publishable_key(session: Session, project_id: str) -> str:
    query = select(ApiKey.token).where(
        ApiKey.project_id == project_id,
        ApiKey.kind == "publishable",
        ApiKey.revoked_at.is_(None),
    )
    found = session.scalars(query.order_by(ApiKey.created_at.desc())).first()
    return found or projects.create_key(session, project_id, "publishable")[1]


def _new_secret_key(session: Session, project_id: str) -> str:
    say("The secret key is lost: making a new one.")
    session.execute(
        update(ApiKey)
        .where(
            ApiKey.project_id == project_id,
            ApiKey.kind == "secret",
            ApiKey.revoked_at.is_(None),
        )
        .values(revoked_at=utc_now())
    )
    return projects.create_key(session, project_id, "secret")[1]


def _new_token(session: Session, project_id: str) -> str:
    say("The admin token is lost or has expired: making a new one.")
    session.execute(
        update(AdminToken)
        .where(
            AdminToken.project_id == project_id,
            AdminToken.name == TOKEN_NAME,
            AdminToken.revoked_at.is_(None),
        )
        .values(revoked_at=utc_now())
    )
    return projects.create_token(session, project_id=project_id, name=TOKEN_NAME)[1]
