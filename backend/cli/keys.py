"""`zeroten key …` and `zeroten token …`"""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from sqlalchemy.orm import Session

from backend.cli.common import ACTOR, CliError, database, project_of, show
from backend.cli.common import show_all as show_records
from backend.config import Config
from backend.domain.values import is_name
from backend.services import audit, identity_secrets, last_use, projects
from backend.services.vault import Vault


def create(config: Config, given: Namespace) -> None:
    """Add a key; a secret one is shown this once."""

    def work(session: Session) -> dict[str, Any]:
        project_id = project_of(session, given)
        if given.kind == "identity":
            vault = Vault.open(config.encryption_keys, config.data_dir)
            secret, text = identity_secrets.add(session, vault, project_id, actor=ACTOR)
            return {"id": secret.id, "kind": given.kind, "key": text}
        key, token = projects.add_key(session, project_id, given.kind, actor=ACTOR)
        return {"id": key.id, "kind": key.kind, "key": token}

    with database(config) as db:
        show(db.transact(work), given)


def revoke(config: Config, given: Namespace) -> None:
    """Revoke a key."""

    def work(session: Session) -> dict[str, Any]:
        is_identity = given.key_id.startswith("is_")
        revoke_one = identity_secrets.revoke if is_identity else projects.revoke_key
        revoke_one(session, project_of(session, given), given.key_id, actor=ACTOR)
        return {"revoked": given.key_id}

    with database(config) as db:
        show(db.transact(work), given)


def show_all(config: Config, given: Namespace) -> None:
    """List keys, of secret ones their ends, and identity secrets."""
    with database(config) as db, db.read() as session:
        records = [
            {
                "id": key.id,
                "kind": key.kind,
                "key": key.token or f"{key.prefix}…{key.suffix}",
                "created_at": key.created_at,
                "revoked_at": key.revoked_at,
                **last_use.shown(key),
            }
            for key in projects.keys_of(session, project_of(session, given))
        ] + [
            {
                "id": one.id,
                "kind": "identity",
                "key": "…",
                "created_at": one.created_at,
                "revoked_at": one.revoked_at,
                **last_use.shown(one),
            }
            for one in identity_secrets.secrets_of(session, project_of(session, given))
        ]
    show_records(records, given)


def create_token(config: Config, given: Namespace) -> None:
    """Add an admin token; it is shown this once."""
    if not is_name(given.name):
        raise CliError("A token's name has 1 to 200 characters.")
    if given.all_projects and given.project:
        raise CliError("Choose one of --project and --all-projects.")

    def work(session: Session) -> dict[str, Any]:
        project_id = None if given.all_projects else project_of(session, given)
        row, token = projects.create_token(
            session,
            project_id=project_id,
            name=given.name,
            role=given.role,
            days=given.days,
            scopes=given.scope or ("*",),
        )
        audit.record(
            session, actor=ACTOR, action="token.create", subject=row.id, project_id=project_id
        )
        return {"id": row.id, "role": row.role, "expires_at": row.expires_at, "token": token}

    with database(config) as db:
        show(db.transact(work), given)
