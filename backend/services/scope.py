"""The one way to a row by its id: through its project, so that a foreign id is an unknown one."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from sqlalchemy.orm import Session

from backend.domain import errors

Row = TypeVar("Row")


def one(
    session: Session, model: type[Row], project_id: str, key: Any, *, lock: bool = False
) -> Row:
    """Return the row of `model` with this key in this project.

    Args:
        lock: hold off others who would change it, until the transaction ends (PostgreSQL; on
            SQLite one writer works at a time anyway).
    Raises:
        NotFoundError: there is none, or it is another project's.
    """
    found = session.get(model, key, with_for_update=lock or None)
    if found is None or cast(Any, found).project_id != project_id:
        raise errors.NotFoundError
    return found


def check_revision(current: str, wanted: frozenset[str] | None) -> None:
    """Compare a row's ETag with the caller's `If-Match`, within the transaction that changes it.

    Args:
        wanted: the tags the caller knows, `*` for any; None when it sent none.
    Raises:
        PreconditionRequiredError, PreconditionFailedError.
    """
    if wanted is None:
        raise errors.PreconditionRequiredError("Send the ETag you have read as If-Match.")
    if "*" not in wanted and current not in wanted:
        raise errors.PreconditionFailedError("Read it again, then send your change with its ETag.")
