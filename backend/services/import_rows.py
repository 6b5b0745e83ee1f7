"""Reads the CSV exports of other survey tools: which column is what, and what is wrong by line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import sha256
from typing import Any, Final, NamedTuple

from backend.domain import limits
from backend.domain.values import clean_text, is_name

# The member of an answer, and the headings under which other tools export it.
HEADINGS: Final[dict[str, tuple[str, ...]]] = {
    "source_id": ("source id", "response id", "id", "answer id", "respondent id", "uuid"),
    "score": ("score", "nps score", "nps", "nps rating", "rating", "answer"),
    "comment": (
        *("comment", "comments", "feedback", "additional feedback", "nps comment", "reason"),
        *("verbatim", "text", "open feedback"),
    ),
    "user_id": (
        *("user id", "userid", "external id", "person id", "customer id", "distinct id"),
        *("email", "person email", "user email", "email address", "customer email", "user"),
    ),
    "account_id": (
        *("account id", "company id", "organization id", "account", "company", "company name"),
    ),
    "answered_at": (
        *("answered at", "response date", "responded at", "submitted at", "completed at"),
        *("created at", "timestamp", "end date", "date", "time"),
    ),
    "role": ("role", "job role"),
    "plan": ("plan", "tier", "subscription"),
    "page": ("page", "url", "page url"),
    "language": ("language", "locale"),
    "app_version": ("app version", "version"),
}
REQUIRED: Final = ("score", "answered_at")
NAMES: Final = ("source_id", "user_id", "account_id", "role", "plan", "page", "app_version")
LANGUAGE_LENGTH: Final = 35
EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD: Final = timedelta(hours=24)
_SCORE: Final = re.compile(r"(10|[0-9])(\.0+)?")


class Fault(NamedTuple):
    """What is wrong in one line (the heading is line 1), in the words of the file's columns."""

    line: int
    column: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class Options:
    """How the file is to be read.

    Args:
        columns: the file's heading for a member of an answer, where it is not a usual one.
        traits: headings kept as traits of the answer.
        time_format: of `strptime`, where times are not ISO 8601; those without an offset are in
            the project's time zone.
        delimiter: by default the one of comma, semicolon and tab that the heading has most of.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    traits: Sequence[str] = ()
    time_format: str | None = None
    delimiter: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One answer of the file. `source` tells it from all others, however often it is sent."""

    line: int
    source: str
    score: int
    answered_at: datetime
    comment: str | None
    user_id: str | None
    account_id: str | None
    context: dict[str, str]
    traits: dict[str, str]


@dataclass(frozen=True, slots=True)
class Parsed:
    """The file as it was understood; a line with a fault gives no row."""

    rows: list[Row]
    faults: list[Fault]
    columns: dict[str, str]
    ignored: list[str]
    lines: int


def parse(text: str, options: Options, zone: tzinfo, now: datetime) -> Parsed:
    """Read a file with a heading; nothing is raised, what is wrong is listed."""
    first = text.lstrip("\ufeff").split("\n", 1)[0]
    delimiter = options.delimiter or max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=delimiter)
    try:
        heading = [name.strip() for name in next(reader, [])]
    except csv.Error:
        heading = []
    columns, faults = _columns(heading, options)
    ignored = [h for h in heading if h not in {*columns.values(), *options.traits}]
    rows: list[Row] = []
    lines = 0
    if not faults:
        seen: set[str] = set()
        for line, cells in _lines(reader, faults):
            lines += 1
            row = _row(line, dict(zip(heading, cells, strict=False)), columns, options, zone, now)
            if isinstance(row, Row) and row.source in seen:
                row = [Fault(line, columns.get("source_id"), "The same answer is there before.")]
            if isinstance(row, Row):
                seen.add(row.source)
                rows.append(row)
            else:
                faults += row
    return Parsed(rows, sorted(faults), columns, ignored, lines)


def _columns(heading: Sequence[str], options: Options) -> tuple[dict[str, str], list[Fault]]:
    """Return the heading of each member, and what is missing."""
    faults = [
        Fault(1, name, "There is no such column.")
        for name in [*options.columns.values(), *options.traits]
        if name not in heading
    ]
    faults += [
        Fault(1, member, "There is no such member.")
        for member in options.columns
        if member not in HEADINGS
    ]
    columns = dict(options.columns)
    plain = {_plain(name): name for name in reversed(heading)}
    taken = {*columns.values(), *options.traits}
    for member, usual in HEADINGS.items():
        found = next(
            (plain[name] for name in usual if plain.get(name, "") not in {"", *taken}), None
        )
        if member not in columns and found is not None:
            columns[member] = found
            taken.add(found)
    faults += [
        Fault(1, member, f"No column holds the {member}: name it.")
        for member in REQUIRED
        if member not in columns
    ]
    return columns, faults


def _lines(reader: Any, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            faults.append(Fault(reader.line_num, None, "Cannot be read as CSV."))
            continue
        if any(cell.strip() for cell in cells):
            yield reader.line_num, cells


def _row(
    line: int,
    cells: Mapping[str, str],
    columns: Mapping[str, str],
    options: Options,
    zone: tzinfo,
    now: datetime,
) -> Row | list[Fault]:
    given = {member: cells.get(column, "").strip() for member, column in columns.items()}
    faults: list[Fault] = []

    def wrong(member: str, detail: str) -> None:
        faults.append(Fault(line, columns[member], detail))

    if not _SCORE.fullmatch(given["score"]):
        wrong("score", "Must be a whole number from 0 to 10.")
    at = _time(given["answered_at"], options.time_format, zone)
    if at is None:
        wrong("answered_at", "Must be a time such as 2026-11-22T08:00:00Z, or name its format.")
    elif not EARLIEST <= at <= now + AHEAD:
        wrong("answered_at", "Must lie between 1990 and now.")
    for member in NAMES:
        if given.get(member) and not is_name(given[member]):
            wrong(member, f"Must have at most {limits.NAME_LENGTH} characters, no control ones.")
    if given.get("language") and not is_name(given["language"], LANGUAGE_LENGTH):
        wrong("language", f"Must have at most {LANGUAGE_LENGTH} characters.")
    if len(given.get("comment", "")) > limits.TEXT_LENGTH:
        wrong("comment", f"Must have at most {limits.TEXT_LENGTH:,} characters.")
    traits = {name: clean_text(cells.get(name, "").strip()) for name in options.traits}
    faults += [
        Fault(line, name, f"Must have at most {limits.STRING_LENGTH:,} characters.")
        for name, value in traits.items()
        if len(value) > limits.STRING_LENGTH
    ]
    if faults or at is None:
        return faults
    return Row(
        line=line,
        source=given.get("source_id") or _fingerprint(given),
        score=int(float(given["score"])),
        answered_at=at.replace(microsecond=at.microsecond // 1000 * 1000),
        comment=clean_text(given.get("comment", "")) or None,
        user_id=given.get("user_id") or None,
        account_id=given.get("account_id") or None,
        context={
            member: given[member]
            for member in ("role", "plan", "page", "language", "app_version")
            if given.get(member)
        },
        traits={name: value for name, value in traits.items() if value},
    )


def _time(text: str, time_format: str | None, zone: tzinfo) -> datetime | None:
    try:
        if time_format is not None:
            at = datetime.strptime(text, time_format)  # noqa: DTZ007 - a zone is added below
        else:
            at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            at = at.replace(tzinfo=zone)
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _fingerprint(given: Mapping[str, str]) -> str:
    """Tell answers without an id apart by all that is known of them."""
    told = "\x1f".join(f"{member}={given[member]}" for member in sorted(given))
    return "sha256:" + sha256(told.encode()).hexdigest()


def _plain(heading: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", heading.casefold()))
