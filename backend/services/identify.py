"""Settles who a page's question is about."""

from __future__ import annotations

from datetime import datetime

from backend.domain import claims, identity
from backend.domain.errors import (
    FieldError,
    IdentityInvalidError,
    IdentityRequiredError,
    InvalidRequestError,
)
from backend.domain.identity import Identity
from backend.services import last_use
from backend.services.published import PublishedProject
from backend.services.vault import Vault
from backend.services.visitors import Asker, Question
from backend.storage.db import Database
from backend.storage.identities import identity_secret
from backend.storage.models import IdentitySecret


def identify(
    db: Database, vault: Vault, project: PublishedProject, question: Question, now: datetime
) -> Asker:
    """Return who the person is, by the project's identity mode.

    Where servers sign who users are, an unsigned `user_id` is a claim: somebody of their own.

    Raises:
        IdentityRequiredError, IdentityInvalidError, IdentityExpiredError, InvalidRequestError.
    """
    may_be_named = project.identity_mode != "anonymous"
    if question.identity_token is not None and may_be_named:
        said = _verified(db, vault, project, question, now)
        account_id = said.account_id or question.account_id
        return Asker(said.user_id, False, True, account_id, said.traits)
    if question.user_id is not None and may_be_named:
        if project.identity_mode == "required":
            raise IdentityRequiredError("Send identity_token for a named user.")
        if project.signs_users:
            row_id = claims.row_id(question.user_id)
            return Asker(row_id, True, False, question.account_id, claims=question.user_id)
        return Asker(question.user_id, False, False, question.account_id)
    if question.anonymous_id is None:
        raise InvalidRequestError(
            errors=[FieldError("#/anonymous_id", "Needed without user_id or identity_token.")]
        )
    return Asker(question.anonymous_id, True, False, question.account_id)


def _verified(
    db: Database, vault: Vault, project: PublishedProject, question: Question, now: datetime
) -> Identity:
    token = identity.read(question.identity_token or "")
    secret = identity_secret(db, project.id, token.key_id)
    if secret is None:
        raise IdentityInvalidError
    said = token.verify(vault.decrypt_often(secret.encrypted), project.id, now)
    last_use.note(db, IdentitySecret, token.key_id, secret.last_used_day, now)
    if question.user_id is not None and question.user_id != said.user_id:
        raise IdentityInvalidError
    return said
