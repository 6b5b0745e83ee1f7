"""A year of surveys in a product of 50,000 people, decided by the real domain code.

    python -m bench.simulate_program [users] [days]

Daily, weekly and rare users, in accounts of 1 to 500 people, meet two surveys: an NPS
at rate .25 and a lower-ranked CES at rate .05. As in the page, nobody is looked at
again before `retry_at`, and whoever is not in the sample not at all while rates stay.
"""

import itertools
import math
import sys
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from backend.domain.eligibility import (
    Cap,
    Evaluation,
    Sampling,
    SurveyHistory,
    SurveyRules,
    Visitor,
    choose,
    evaluate,
)
from backend.domain.sampling import unit_hash

START = datetime(2026, 1, 1, tzinfo=UTC)
NEVER = 1e9
CYCLE = 90
# Chance of a visit on a day, and share of people: daily, weekly, and about every third week.
HABITS = ((0.7, 0.25), (1 / 7, 0.40), (1 / 21, 0.35))
ANSWERED, DECLINED, LATER = 0.30, 0.35, 0.05  # the rest ignore the question
RATE = 0.25


@dataclass
class Program:
    """What happened: asks of every person, answers and asks by day, asks of every account."""

    days: int
    visit_chance: np.ndarray
    joined: np.ndarray
    account: np.ndarray
    rules: dict[str, SurveyRules]
    asks: dict[int, list[tuple[float, str]]] = field(default_factory=lambda: defaultdict(list))
    answers_by_day: list[int] = field(default_factory=list)
    asked_by_day: list[int] = field(default_factory=list)
    bound_days: set[int] = field(default_factory=set)
    decisions: int = 0
    answered: float = ANSWERED


def surveys(users: int, cap: Cap = Cap(150, 30)) -> dict[str, SurveyRules]:  # noqa: B008, frozen
    """Return the two surveys, with a budget of a day's expected displays plus 4 roots.

    The cap lies above what the sample takes from an account of 500: one that binds all the
    time is first come, first asked, and favours heavy users (cap 25: .14 against .23).
    """
    expected = users * RATE / 35
    budget = math.ceil(expected + 4 * math.sqrt(expected))
    nps = SurveyRules(
        id="srv_nps",
        priority=1,
        starts_at=START,
        sampling=Sampling("nps", RATE, spread_days=CYCLE, started_on=START.date()),
        account_cap=cap,
        daily_budget=budget,
    )
    ces = SurveyRules(
        id="srv_ces",
        starts_at=START,
        sampling=Sampling("ces", 0.05, spread_days=CYCLE, started_on=START.date()),
    )
    return {nps.id: nps, ces.id: ces}


def simulate(
    users: int = 50_000,
    days: int = 365,
    seed: int = 10,
    rules: dict[str, SurveyRules] | None = None,
    answered: float = ANSWERED,
    weekly: Callable[[Program, list[Visitor], int], None] | None = None,
) -> Program:
    """Let `users` people visit for `days` days and ask whom the rules let through.

    Args:
        answered: share of showings that get an answer.
        weekly: may change the rules every seventh day, before the visits of the day.
    """
    rng = np.random.default_rng(seed)
    chances, shares = zip(*HABITS, strict=True)
    program = Program(
        days=days,
        visit_chance=rng.choice(chances, size=users, p=shares) * rng.uniform(0.6, 1.4, users),
        joined=np.where(rng.random(users) < 0.85, -400.0, rng.uniform(-30, days, users)),
        account=_accounts(rng, users),
        rules=rules or surveys(users),
        answered=answered,
    )
    people = [_person(n, program) for n in range(users)]
    look_at = np.maximum(program.joined, 0.0)
    counts: dict[int, deque[float]] = defaultdict(deque)
    for day in range(days):
        if weekly and day % 7 == 0:
            weekly(program, people, day)
            look_at[look_at == NEVER] = day
        program.answers_by_day.append(0)
        program.asked_by_day.append(0)
        at = day + rng.random(users)
        visits = np.flatnonzero((rng.random(users) < program.visit_chance) & (look_at <= at))
        for n in visits[np.argsort(at[visits])]:
            people[n], look_at[n] = _visit(program, people[n], int(n), float(at[n]), counts, rng)
    return program


def _visit(
    program: Program,
    person: Visitor,
    n: int,
    at: float,
    counts: dict[int, deque[float]],
    rng: np.random.Generator,
) -> tuple[Visitor, float]:
    now, recent = START + timedelta(days=at), counts[int(program.account[n])]
    while recent and recent[0] <= at - 30:
        recent.popleft()
    seen = replace(
        person,
        account_asked={"srv_nps": len(recent)},
        asked_today={"srv_nps": program.asked_by_day[-1]},
    )
    results = [evaluate(rules, seen, now) for rules in program.rules.values()]
    program.decisions += len(results)
    winner = choose(results, program.rules).winner
    if any(not result.gate("within_budget").passed for result in results):
        program.bound_days.add(int(at))
    if winner is None:
        return person, _next_look(results)
    program.asks[n].append((at, winner.survey_id))
    if winner.survey_id == "srv_nps":
        recent.append(at)
        program.asked_by_day[-1] += 1
    outcome = _outcome(rng.random(), program.answered)
    program.answers_by_day[-1] += winner.survey_id == "srv_nps" and outcome == "answered_at"
    past = person.history.get(winner.survey_id, SurveyHistory())
    times = {"shown_at": now} | ({outcome: now} if outcome else {})
    history = {**person.history, winner.survey_id: replace(past, **times)}
    return replace(person, history=history), at


def _next_look(results: list[Evaluation]) -> float:
    times = [result.retry_at for result in results if result.retry_at is not None]
    return min(((at - START) / timedelta(days=1) for at in times), default=NEVER)


def _outcome(u: float, answered: float) -> str | None:
    if u < answered:
        return "answered_at"
    if u < answered + DECLINED:
        return "declined_at"
    return "later_at" if u < answered + DECLINED + LATER else None


def _accounts(rng: np.random.Generator, users: int) -> np.ndarray:
    sizes = np.minimum(500, np.ceil(rng.pareto(0.9, users))).astype(int)
    return np.repeat(np.arange(users), sizes)[:users]


def _person(n: int, program: Program) -> Visitor:
    return Visitor(
        id=f"user-{n}",
        account_id=f"account-{program.account[n]}",
        first_seen_at=START + timedelta(days=float(program.joined[n])),
    )


def share_by_quarter(program: Program, *, only_sample: bool = False) -> list[float]:
    """Return the share asked for the NPS in a cycle, by quarter of activity, mean of the cycles."""
    there = np.flatnonzero(program.joined < -30)
    if only_sample:
        there = np.array([n for n in there if unit_hash("sample", "nps", f"user-{n}") < RATE])
    cycles = program.days // CYCLE
    asked = np.zeros((cycles, len(program.joined)), dtype=bool)
    for n, asks in program.asks.items():
        for at, survey in asks:
            if survey == "srv_nps" and at < cycles * CYCLE:
                asked[int(at // CYCLE), n] = True
    ranked = there[np.argsort(program.visit_chance[there], kind="stable")]
    return [float(asked[:, quarter].mean()) for quarter in np.array_split(ranked, 4)]


def answers_by_week(program: Program) -> list[int]:
    """Return the NPS answers of every whole week."""
    whole = program.days // 7 * 7
    return [sum(program.answers_by_day[day : day + 7]) for day in range(0, whole, 7)]


def least_days_between(program: Program) -> float:
    """Return the least number of days between two asks of one person, whatever was asked."""
    gaps = (b[0] - a[0] for asks in program.asks.values() for a, b in itertools.pairwise(asks))
    return min(gaps, default=math.inf)


def most_in_account(program: Program) -> int:
    """Return the most NPS asks of one account within any 30 days."""
    by_account: dict[int, list[float]] = defaultdict(list)
    for n, asks in program.asks.items():
        by_account[int(program.account[n])] += [at for at, survey in asks if survey == "srv_nps"]
    return max((_most_within(sorted(times), 30) for times in by_account.values()), default=0)


def mean_asks_of_account(program: Program) -> float:
    """Return the mean number of NPS asks of the accounts that were asked at all."""
    asks: dict[int, int] = defaultdict(int)
    for n, past in program.asks.items():
        asks[int(program.account[n])] += sum(survey == "srv_nps" for _, survey in past)
    return float(np.mean(list(asks.values()))) if asks else 0.0


def _most_within(times: list[float], days: float) -> int:
    first, most = 0, 0
    for last, at in enumerate(times):
        while times[first] <= at - days:
            first += 1
        most = max(most, last - first + 1)
    return most


def report(program: Program) -> Iterator[tuple[str, float, str]]:
    """Yield (what, value, what was asked for)."""
    quarters = share_by_quarter(program)
    for index, share in enumerate(quarters):
        yield f"share asked a cycle, activity quarter {index + 1}", share, ""
    yield "points between least and most active", 100 * abs(quarters[-1] - quarters[0]), "at most 5"
    weeks = answers_by_week(program)[2:]
    median = float(np.median(weeks))
    yield "answers a week, median", median, ""
    yield "answers a week, least", min(weeks), ""
    yield "answers a week, most", max(weeks), ""
    yield "most answers a week over the median", max(weeks) / median, "at most 1.5"
    yield "least days between two asks", least_days_between(program), "at least 7"
    nps = program.rules["srv_nps"]
    assert nps.account_cap is not None
    assert nps.daily_budget is not None
    sizes = np.bincount(program.account)
    yield "people in the largest account", float(sizes.max()), ""
    yield "mean asks of an account that was asked", mean_asks_of_account(program), ""
    cap = f"at most {nps.account_cap.count}"
    yield "most asks of an account in 30 days", most_in_account(program), cap
    asked = max(program.asked_by_day)
    yield "most asks a day", asked, f"at most {nps.daily_budget}"
    yield "budget overshoot", max(0, asked - nps.daily_budget), "0"
    yield "days on which the budget bound", len(program.bound_days), "0"


def run() -> Iterable[dict[str, object]]:
    """Yield rows for the bench report; there is no floor to compare with."""
    begun = time.perf_counter()
    program = simulate()
    seconds = time.perf_counter() - begun
    for name, value, _ in report(program):
        yield {"name": name, "value": value, "unit": "", "floor": None, "ratio": None}
    yield {"name": "a year simulated", "value": seconds, "unit": "s", "floor": None, "ratio": None}


def main(arguments: list[str]) -> None:
    """Print the report."""
    users, days = (int(a) for a in (*arguments, *("50000", "365")[len(arguments) :]))
    begun = time.perf_counter()
    program = simulate(users, days)
    for name, value, wanted in report(program):
        print(f"{name:48} {value:10.3f}  {wanted}")
    print(f"{program.decisions} decisions in {time.perf_counter() - begun:.1f} s")
    print("answers by week:", *answers_by_week(program))


if __name__ == "__main__":
    main(sys.argv[1:])
