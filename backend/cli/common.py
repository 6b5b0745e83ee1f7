"""What commands share: the database in its right shape, the project meant, how things are shown."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.config import Config
from backend.domain.timestamps import format_time
from backend.storage.db import Database
from backend.storage.migrate import current_revision, head_revision, migrate
from backend.storage.models import Project

ACTOR: Final = "cli"


class CliError(Exception):
    """What was typed cannot be done; the text says why and what to do."""


@contextmanager
def database(config: Config) -> Iterator[Database]:
    """Open the database for a command; an empty one gets its tables first.

    Raises:
        CliError: its tables are those of another release.
    """
    config.data_dir.mkdir(parents=True, exist_ok=True)
    db = Database(config.url, pool_size=1)
    try:
        with db.engine.connect() as connection:
            revision = current_revision(connection)
        if revision is None:
            migrate(db.engine)
        elif revision != head_revision():
            raise CliError(
                f"The database is at revision {revision}, this release needs {head_revision()}: "
                "run `zeroten init` (or a newer release)."
            )
        yield db
    finally:
        db.close()


def project_of(session: Session, given: Namespace) -> str:
    """Return the id of the project that `--project` names, or of the only one there is.

    Raises:
        CliError.
    """
    if given.project:
        if session.get(Project, given.project) is None:
            raise CliError(f"There is no project {given.project} (see `zeroten project list`).")
        found: str = given.project
        return found
    ids = session.scalars(select(Project.id).limit(2)).all()
    if len(ids) == 1:
        return ids[0]
    raise CliError(
        "Name the project with --project (see `zeroten project list`)."
        if ids
        else "There is no project yet: make one with `zeroten project create NAME`."
    )


def show(record: Mapping[str, Any], given: Namespace) -> None:
    """Write one record: a name and a value a line, or JSON with `--json`."""
    plain = {name: _plain(value) for name, value in record.items()}
    if given.json:
        sys.stdout.write(json.dumps(plain, ensure_ascii=False) + "\n")
        return
    width = max(map(len, plain))
    for name, value in plain.items():
        sys.stdout.write(f"{name.ljust(width)}  {_text(value)}\n")


def show_all(records: Sequence[Mapping[str, Any]], given: Namespace) -> None:
    """Write records as a table with a header, or as JSON lines with `--json`."""
    if given.json:
        for record in records:
            show(record, given)
        return
    if not records:
        sys.stdout.write("none\n")
        return
    rows = [list(records[0])]
    rows += [[_text(_plain(value)) for value in record.values()] for record in records]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def _plain(value: Any) -> Any:
    return format_time(value) if isinstance(value, datetime) else value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None else str(value)
