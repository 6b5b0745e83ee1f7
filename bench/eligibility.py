"""Time of one decision: all gates of one survey in Python, ten surveys in the page.

`run` yields rows of name, value, unit, floor and ratio; the floor is the work that no
implementation can avoid, two hashes of a user id.
"""

import json
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from backend.domain.eligibility import (
    Cap,
    Sampling,
    SurveyHistory,
    SurveyRules,
    UsageFacts,
    Visitor,
    evaluate,
)
from backend.domain.sampling import unit_hash

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
AUDIENCE = {
    "op": "and",
    "rules": [
        {"op": "in", "trait": "role", "value": ["admin", "owner"]},
        {"op": "gte", "usage": "percentile", "value": 50},
        {"op": "used", "feature": "export", "days": 30},
    ],
}
RULES = SurveyRules(
    id="srv_nps",
    starts_at=NOW - timedelta(days=100),
    origins=("https://app.example.com",),
    pages=("/reports/*", "/dashboards/**"),
    devices=("desktop", "mobile"),
    audience=AUDIENCE,
    sampling=Sampling(
        salt="b2c3",
        rate=0.9,
        segments=(({"op": "eq", "trait": "plan", "value": "pro"}, 1.0),),
        spread_days=90,
        started_on=date(2026, 7, 1),
    ),
    account_cap=Cap(10, 30),
    daily_budget=200,
)
VISITOR = Visitor(
    id="user-18237",
    traits={"role": "admin", "plan": "pro"},
    account_id="acme",
    page="/reports/42",
    page_template="/reports/:id",
    device="desktop",
    language="en-GB",
    origin="https://app.example.com",
    first_seen_at=NOW - timedelta(days=400),
    usage=UsageFacts(active_days=20, percentile=80.0, last_used={"export": date(2026, 11, 20)}),
    history={
        "srv_nps": SurveyHistory(
            shown_at=NOW - timedelta(days=100), answered_at=NOW - timedelta(days=100), last_score=9
        )
    },
)


def run() -> Iterable[dict[str, object]]:
    """Yield the rows of the report."""
    floor = _median_us(lambda: (unit_hash("sample", "b2c3", VISITOR.id), _phase()))
    decision = _median_us(lambda: evaluate(RULES, VISITOR, NOW))
    yield {
        "name": "all gates of one survey",
        "value": decision,
        "unit": "us",
        "floor": floor,
        "ratio": decision / floor,
    }
    if shutil.which("node"):
        yield from _in_page()


def _in_page() -> Iterable[dict[str, object]]:
    script = Path(__file__).with_name("eligibility_page.mjs")
    output = subprocess.run(["node", script], check=True, capture_output=True, text=True).stdout
    timed = json.loads(output)
    for name, member in (("median", "median"), ("the first time", "first")):
        yield {
            "name": f"ten surveys in the page, {name}",
            "value": timed[member],
            "unit": "us",
            "floor": timed["floor"],
            "ratio": timed[member] / timed["floor"],
        }


def _phase() -> float:
    return unit_hash("phase", "b2c3", VISITOR.id)


def _median_us(call: Callable[[], object], batches: int = 1_000, calls: int = 10) -> float:
    """Return the median time of a call on the processor: pure functions wait for nothing."""
    times = []
    for _ in range(batches):
        begun = time.process_time()
        for _ in range(calls):
            call()
        times.append((time.process_time() - begun) / calls * 1e6)
    return statistics.median(times)


if __name__ == "__main__":
    for row in run():
        print(row)
