"""Answers of another tool, brought along: `zeroten import`"""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.cli.common import ACTOR, CliError, database, project_of, show
from backend.cli.common import show_all as show_records
from backend.config import Config
from backend.services import imports
from backend.services.import_rows import HEADINGS, Options
from backend.storage.models import Survey

BAR: Final = 30
_COUNTS: Final = ("lines", "imported", "already_there", "faulty")


def import_answers(config: Config, given: Namespace) -> None:
    """Import a CSV file; without --apply only say what would be done."""
    text = _read(given)
    options = Options(dict(given.column), given.trait, given.time_format, given.delimiter)
    with database(config) as db:
        with db.read() as session:
            project_id = project_of(session, given)
            survey_id = given.survey or _only_survey(session, project_id)
        done = imports.run(
            db,
            project_id,
            survey_id,
            text,
            options,
            actor=ACTOR,
            dry_run=not given.apply,
            progress=_bar() if sys.stderr.isatty() else None,
        )
    if given.json:
        show(done, given)
    else:
        _tell(done, given)
    if any(fault["line"] == 1 for fault in done["faults"]):
        raise CliError("Nothing was imported: the heading of the file does not fit.")


def mapping(text: str) -> tuple[str, str]:
    """Read `member=Heading` of the command line."""
    member, sign, heading = text.partition("=")
    if not (sign and heading and member in HEADINGS):
        raise ArgumentTypeError(f"{text!r} is not MEMBER=HEADING, of {', '.join(HEADINGS)}")
    return member, heading


def _read(given: Namespace) -> str:
    packed = sys.stdin.buffer.read() if given.file == "-" else Path(given.file).read_bytes()
    try:
        return packed.decode(given.encoding)
    except (LookupError, UnicodeDecodeError) as error:
        raise CliError(
            f"{given.file} cannot be read as {given.encoding}: name its --encoding, "
            "such as cp1252 or utf-16."
        ) from error


def _only_survey(session: Session, project_id: str) -> str:
    query = select(Survey.id).where(
        Survey.project_id == project_id, Survey.published_version.is_not(None)
    )
    ids = session.scalars(query.limit(2)).all()
    if len(ids) == 1:
        return ids[0]
    raise CliError(
        "Name the survey with --survey (see `zeroten survey list`)."
        if ids
        else "No survey is published yet: `zeroten survey create --publish` makes one."
    )


def _tell(done: dict[str, Any], given: Namespace) -> None:
    """Write what was understood, what is wrong by line, and what to do next."""
    columns = [{"answer": name, "column": of} for name, of in done["columns"].items()]
    columns += [{"answer": "(left out)", "column": name} for name in done["ignored_columns"]]
    show_records(columns, given)
    faults = done["faults"]
    if faults:
        sys.stdout.write("\n")
        show_records(faults, given)
        untold = done["faulty"] - len({fault["line"] for fault in faults if fault["line"] > 1})
        if untold > 0:
            sys.stdout.write(f"… and {untold:,} more lines\n")
    sys.stdout.write("\n")
    counts = {name: done[name] for name in _COUNTS}
    if done["dry_run"]:
        counts["would_be_imported"] = counts.pop("imported")
    show(counts, given)
    if done["dry_run"] and counts["would_be_imported"]:
        sys.stderr.write("zeroten: nothing is stored yet; run it again with --apply.\n")


def _bar() -> Callable[[int, int], None]:
    def draw(handled: int, total: int) -> None:
        full = BAR * handled // max(1, total)
        end = "\n" if handled == total else ""
        bar = "█" * full + "░" * (BAR - full)
        sys.stderr.write(f"\r{bar} {handled:,} of {total:,} answers{end}")
        sys.stderr.flush()

    return draw
