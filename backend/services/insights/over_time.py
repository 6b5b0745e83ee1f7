"""The score over time: the trend, whether a release landed, drift alarms, people who came back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final, TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.domain.errors import FieldError, InvalidRequestError
from backend.domain.insights.drift import Side
from backend.domain.insights.landing import BEFORE_DAYS, Landing, landing
from backend.domain.insights.levels import hidden_level
from backend.domain.insights.privacy import suppress
from backend.domain.insights.repeats import RepeatTable, repeat_table
from backend.domain.insights.rows import latest
from backend.domain.insights.trend import (
    DAY_MS,
    TrendRow,
    bucket,
    bucket_days,
    bucket_words,
    hide_small_buckets,
    local_days,
    trend_table,
)
from backend.domain.insights.watch import drift_table
from backend.domain.insights.wording import HIDDEN, level_sentence
from backend.domain.timestamps import format_time
from backend.services.clock import to_ms, utc_now
from backend.services.insights import few, releases
from backend.services.insights.envelope import Envelope, envelope
from backend.services.insights.people import account_ids
from backend.services.insights.question import Question
from backend.services.insights.view import View, instant, look, now_ms
from backend.services.insights.windows import Windows
from backend.services.scope import one
from backend.storage.fast import from_ms
from backend.storage.models import Release, Survey, SurveyVersion

YEAR_DAYS: Final = 360
EPOCH: Final = date(1970, 1, 1).toordinal()
CYCLE_MS: Final = 90 * DAY_MS
SHORTER_THAN_MONTHS: Final = ("day", "week")


class Marker(TypedDict):
    """Something that happened at `at`, in the bucket that begins on `bucket`."""

    id: str
    name: str
    at: str
    bucket: str


class Trend(Envelope):
    """One row a bucket; `releases` and `versions` (of surveys) mark it."""

    unit: str
    rows: list[TrendRow]
    releases: list[Marker]
    versions: list[Marker]


class Landed(Envelope):
    """The answers since a release beside those of the 90 days up to it."""

    release: dict[str, str | None]
    landing: Landing


class NamedAlarm(TypedDict):
    """One alarm. `strata` (role and plan) and accounts that moved it most, strongest first."""

    side: Side
    alarm_on: str
    onset: str
    statistic: float
    strata: list[str]
    account_ids: list[str]
    sentence: str


class Watch(TypedDict):
    """The statistics of each day since `watched_from`; an alarm comes at the threshold."""

    status: str
    baseline_from: str | None
    watched_from: str | None
    threshold: float | None
    drop: list[float]
    rise: list[float]
    sentence: str


class Drift(Envelope):
    """The watch as it stands, and its alarms."""

    drift: Watch
    rows: list[NamedAlarm]


class Repeats(Envelope):
    """The change of the people who answered before and from `split` on."""

    split: str
    repeats: RepeatTable


def trend(
    session: Session, windows: Windows, project_id: str, question: Question, unit: str
) -> dict[str, Any]:
    """Return the level of each day, week, month or quarter of the project's calendar.

    Without a window: the last 360 days. Those who may not see single answers get months at
    the finest.
    """
    view = look(session, windows, project_id, question, days=YEAR_DAYS)
    if not question.sees_answers and unit in SHORTER_THAN_MONTHS:
        unit = "month"
    rows = trend_table(view.answers, view.timezone, unit, now_ms(view), view.confidence)
    if not question.sees_answers:
        # A month left out for having too few people must not read as one without any.
        rows = [row if row["level"]["n"] else _hidden(row) for row in hide_small_buckets(rows)]
        rows = [row if _may_count(view, unit, row) else few.without_bands(row) for row in rows]
    done = [row for row in rows if not row["running"]]
    sentence = "No answers yet."
    if done:
        last = done[-1]
        sentence = f"{bucket_words(last['bucket'], unit)}: {level_sentence(last['level'])}"
    elif rows:
        sentence = f"The first {unit} is still running."
    return {
        **envelope(view, "trend", sentence),
        "unit": unit,
        "rows": rows,
        "releases": [
            _marker(view, unit, release.id, release.name, release.at)
            for release in releases.between(session, project_id, *_span(view))
        ],
        "versions": [
            _marker(view, unit, survey_id, f"{name} v{number}", at)
            for survey_id, name, number, at in _versions(session, view)
        ],
    }


def landed(
    session: Session, windows: Windows, project_id: str, question: Question, release_id: str
) -> dict[str, Any]:
    """Compare the answers since a release with the 90 days up to it; look as often as you like.

    Raises:
        NotFoundError: no such release.
    """
    release = one(session, Release, project_id, release_id)
    since = release.at - timedelta(days=BEFORE_DAYS)
    view = look(session, windows, project_id, replace(question, since=since, until=None))
    release_ms = to_ms(release.at)
    table = landing(view.answers, release_ms, view.timezone, view.confidence)
    after = latest(view.answers.without_usage().select(view.answers.at >= release_ms))
    return {
        **envelope(view, "did-it-land", table["sentence"], len(after)),
        "release": {"id": release.id, "name": release.name, "at": format_time(release.at)},
        "landing": table,
    }


def drift(
    session: Session, windows: Windows, project_id: str, question: Question
) -> dict[str, Any]:
    """Return the drift alarms: a fixed baseline of 90 days, then every day watched.

    Without a window: the last 360 days. Those who may not see single answers get the alarms,
    not the daily statistics, from which a day's answers could be worked out.
    """
    view = look(session, windows, project_id, question, is_fixed=True, days=YEAR_DAYS)
    table = drift_table(view.answers, view.timezone, min(now_ms(view), view.end_ms))
    ids = account_ids(session, project_id, {a for row in table["alarms"] for a in row["accounts"]})
    rows = [
        {**row, "account_ids": [ids[key] for key in row["accounts"] if key in ids]}
        for row in table["alarms"]
    ]
    if not question.sees_answers:
        table = {**table, "drop": [], "rise": []}
        rows = [{**row, "account_ids": [], "strata": []} for row in rows]
    for row in rows:
        del row["accounts"]
    return {
        **envelope(view, "drift", table["sentence"]),
        "drift": {name: value for name, value in table.items() if name != "alarms"},
        "rows": rows,
    }


def repeats(
    session: Session, windows: Windows, project_id: str, question: Question, split: Any = None
) -> dict[str, Any]:
    """Compare each person's last answer before `split` with the last one from then on.

    Without a window: the last 360 days; without a split: 90 days before the window's end.

    Raises:
        InvalidRequestError: the split lies outside the window.
    """
    view = look(
        session, windows, project_id, question, is_fixed=True, by_person=True, days=YEAR_DAYS
    )
    split_ms = view.end_ms - CYCLE_MS
    if split is not None and question.sees_answers:
        split_ms = Question(since=split).window_ms(view.zone, utc_now())[0]
    if not view.start_ms < split_ms < view.end_ms:
        fault = FieldError("#/query/split", "Must lie inside the window.")
        raise InvalidRequestError(errors=[fault])
    table = repeat_table(view.answers, split_ms, view.confidence)
    if not question.sees_answers:
        table = _few_hidden(table)
    return {
        **envelope(view, "repeat-responders", table["sentence"], table["n"] or 0),
        "split": format_time(from_ms(split_ms)),
        "repeats": table,
    }


def _span(view: View) -> tuple[Any, Any]:
    return instant(view.start_ms), instant(view.end_ms)


def _versions(session: Session, view: View) -> list[tuple[str, str, int, Any]]:
    start, end = _span(view)
    rows = session.execute(
        select(Survey.id, Survey.name, SurveyVersion.number, SurveyVersion.published_at)
        .join(Survey, Survey.id == SurveyVersion.survey_id)
        .where(
            Survey.project_id == view.project_id,
            SurveyVersion.published_at >= start,
            SurveyVersion.published_at < end,
        )
        .order_by(SurveyVersion.published_at)
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def _marker(view: View, unit: str, id_: str, name: str, at: Any) -> dict[str, Any]:
    first = bucket(at, view.timezone, unit)
    return {"id": id_, "name": name, "at": format_time(at), "bucket": first}


def _hidden(row: TrendRow) -> TrendRow:
    hidden = row.copy()
    hidden["level"] = hidden_level()
    return hidden


def _may_count(view: View, unit: str, row: TrendRow) -> bool:
    """Say whether the categories of one bucket may be seen."""
    days = bucket_days(local_days(view.answers.at, view.timezone), unit)
    inside = view.answers.select(days == date.fromisoformat(row["bucket"]).toordinal() - EPOCH)
    of_bucket = replace(view, loaded=replace(view.loaded, answers=inside))
    return few.may_count(of_bucket, inside.y)


def _few_hidden(table: RepeatTable) -> RepeatTable:
    """Leave away how many came back where they are fewer than five, and small transitions."""
    hidden = table.copy()
    hidden["transitions"] = _suppressed(table["transitions"])
    if few.told(table["n"] or 0) is None:
        hidden["n"], hidden["note"] = None, HIDDEN
    return hidden


def _suppressed(table: list[list[int | None]] | None) -> list[list[int | None]] | None:
    if table is None:
        return None
    flags = suppress([n or 0 for row in table for n in row])
    width = len(table[0])
    return [
        [None if flags[i * width + j] else n for j, n in enumerate(row)]
        for i, row in enumerate(table)
    ]
