"""A quarter of a product with a target number of answers: does weekly pacing reach it?

    python -m bench.simulate_pacing [users]

Every week `pacing` sets the rate for the slots and rests still to end; all decisions are
those of the domain code. METHODS section 8 reports 91 to 94 % of a reachable target.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from backend.domain.eligibility import Sampling, SurveyRules, Visitor, next_start
from backend.domain.sampling import pacing
from bench.simulate_program import START, Program, simulate

DAYS = 90
# Of people whose slot or rest ends in the days left, so many come by before the end.
EXPECTED_TO_VISIT = 0.8


@dataclass
class Pace:
    """The weekly job: counts what happened, sets the rate, remembers it."""

    target: int
    rates: list[float]

    def __call__(self, program: Program, people: list[Visitor], day: int) -> None:
        """Append this week's rate to the survey's paced rates."""
        rules, now = program.rules["srv_nps"], START + timedelta(days=day)
        end = START + timedelta(days=DAYS)
        starts = [next_start(rules, person, now) for person in people]
        future = sum(at is not None and at < end for at in starts)
        # Before the first rate is set nobody is waiting: all are still to be drawn.
        pending = starts.count(None) if self.rates else 0
        plan = pacing(
            self.target,
            sum(program.answers_by_day[: day - 1]),
            sum(program.asked_by_day[: day - 1]),
            pending,
            DAYS - day,
            EXPECTED_TO_VISIT * (future if self.rates else len(people)),
        )
        rate = plan["rate"] or 0.0
        self.rates.append(rate)
        paced = (*rules.sampling.paced, (now, rate))
        sampling = replace(rules.sampling, paced=paced)
        program.rules["srv_nps"] = replace(rules, sampling=sampling)


def reach(users: int, target: int, answered: float) -> tuple[int, Pace, Program]:
    """Return the answers got in the quarter, the rates set, and what happened."""
    sampling = Sampling("paced", 0.0, spread_days=DAYS, started_on=START.date())
    rules = SurveyRules(id="srv_nps", starts_at=START, old_enough_days=0, sampling=sampling)
    pace = Pace(target, [])
    program = simulate(users, DAYS, rules={rules.id: rules}, answered=answered, weekly=pace)
    return sum(program.answers_by_day), pace, program


def report(users: int) -> Iterator[tuple[float, int, int, float, list[int], list[float]]]:
    """Yield response rate, target, answers, share reached, answers by month, rates."""
    for answered in (0.06, 0.15, 0.30):
        target = int(users * answered * 0.25)
        answers, pace, program = reach(users, target, answered)
        months = [sum(program.answers_by_day[day : day + 30]) for day in (0, 30, 60)]
        yield answered, target, answers, answers / target, months, pace.rates


def run() -> Iterable[dict[str, object]]:
    """Yield rows for the bench report."""
    for answered, _, _, share, _, _ in report(10_000):
        name = f"share of the target reached at a response rate of {answered:.2f}"
        yield {"name": name, "value": share, "unit": "", "floor": None, "ratio": None}


if __name__ == "__main__":
    for answered, target, answers, share, months, rates in report(
        int((sys.argv[1:] or [10_000])[0])
    ):
        print(f"response {answered:.2f}: {answers} of {target}, {share:.0%}; by month {months}")
        print("   rates", *(f"{rate:.2f}" for rate in rates))
