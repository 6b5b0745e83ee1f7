"""Who signs in to the demo's dashboard."""

from __future__ import annotations

import secrets
from typing import Final

from sqlalchemy import select

from backend.domain.roles import OWNER
from backend.services import invitations, passwords
from backend.services.clock import utc_now
from backend.storage.db import Database
from backend.storage.models import Member

EMAIL: Final = "demo@example.com"
NAME: Final = "Demo owner"
ACTOR: Final = "demo"


def password(db: Database, project_id: str, known: str | None) -> str:
    """Return the demo owner's password, joining them to the project if need be.

    Args:
        known: what an earlier start wrote down; kept if it is still right, else replaced.
    """
    with db.read() as session:
        stored = session.scalar(select(Member.password_hash).where(Member.email == EMAIL))
    if stored is not None and known is not None and passwords.is_right(stored, known):
        return known
    made = secrets.token_urlsafe(12)
    _, token = db.transact(
        lambda session: (
            invitations.invite(session, project_id=project_id, email=EMAIL, role=OWNER, actor=ACTOR)
            if stored is None
            else invitations.reset(session, EMAIL, actor=ACTOR)
        )
    )
    invitations.redeem(db, token, made, NAME, utc_now())
    return made
