"""`zeroten member …`: the first owner, and help for those who are locked out."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from sqlalchemy.orm import Session

from backend.cli.common import ACTOR, CliError, database, project_of, show, show_all
from backend.config import Config
from backend.domain.errors import NotFoundError
from backend.services import invitations, members
from backend.services.sessions import canonical_email


def invite(config: Config, given: Namespace) -> None:
    """Print a link with which somebody joins and chooses a password; it works once, for 7 days."""
    email = canonical_email(given.email)
    if "@" not in email or len(email) > 254:
        raise CliError("Name an e-mail address.")

    def work(session: Session) -> dict[str, Any]:
        link, token = invitations.invite(
            session,
            project_id=_project(session, given),
            email=email,
            role=given.role,
            actor=ACTOR,
        )
        return _shown(config, link.email, token) | {"expires_at": link.expires_at}

    with database(config) as db:
        show(db.transact(work), given)


def link(config: Config, given: Namespace) -> None:
    """Print a link with which a member chooses another password; it works once, for an hour."""

    def work(session: Session) -> dict[str, Any]:
        try:
            made, token = invitations.reset(session, given.email, actor=ACTOR)
            if given.without_second_factor:
                members.drop_second_factor(session, made.email)
        except NotFoundError:
            raise CliError(f"There is no member {given.email}.") from None
        return _shown(config, made.email, token) | {"expires_at": made.expires_at}

    with database(config) as db:
        show(db.transact(work), given)


def list_all(config: Config, given: Namespace) -> None:
    """List who may enter a project."""
    with database(config) as db, db.read() as session:
        found = members.listed(session, project_of(session, given))
    show_all(found, given)


def remove(config: Config, given: Namespace) -> None:
    """Take a member out of a project, or a member of all projects out of all."""

    def work(session: Session) -> dict[str, Any]:
        project_id = _project(session, given)
        try:
            if project_id is None:
                members.remove_everywhere(session, given.email, actor=ACTOR)
            else:
                found = members.id_of(session, given.email)
                members.remove(session, project_id, found, actor=ACTOR)
        except NotFoundError:
            raise CliError(f"There is no member {given.email}.") from None
        return {"removed": given.email}

    with database(config) as db:
        show(db.transact(work), given)


def _project(session: Session, given: Namespace) -> str | None:
    if given.all_projects and given.project:
        raise CliError("Choose one of --project and --all-projects.")
    return None if given.all_projects else project_of(session, given)


def _shown(config: Config, email: str, token: str) -> dict[str, Any]:
    return {"email": email, "link": f"{config.address}/join#{token}"}
