"""The worked examples of docs/methods.md: every number that stands there is computed here."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from backend.domain.insights import planning
from backend.domain.insights.active_use import percentile
from backend.domain.insights.association import feature_association
from backend.domain.insights.bias import rate, representativity
from backend.domain.insights.columns import make_answers
from backend.domain.insights.drift import log_gain
from backend.domain.insights.landing import always_valid_difference
from backend.domain.insights.repeats import paired_change
from backend.domain.insights.shrinkage import shrink
from backend.domain.insights.telling import term_association
from backend.domain.insights.trend import bucket
from backend.domain.insights.wording import whole_lower, whole_points, whole_upper
from backend.domain.nps import counted_centre, nps_difference, nps_interval
from backend.services.clock import to_ms
from backend.services.insights import recency

DOCS = (Path(__file__).parents[2] / "docs" / "methods.md").read_text().replace("\n", " ")


def points(found):
    return whole_lower(100 * found["lower"]), whole_upper(100 * found["upper"])


def nps_interval_example():
    c, of_centre = counted_centre((45, 40, 15))
    v = 103 * of_centre
    half = 1.959964 * math.sqrt(v / 103)
    assert points(nps_interval(45, 40, 15)) == (15, 43)
    assert points(nps_interval(5, 0, 0)) == (17, 100)
    yield f"c = 30/103 = {c:.3f}, v = 61.5/103 − 0.291² = {v:.3f}"
    yield f"= {half:.3f}. Limits {c - half:.3f} and {c + half:.3f}: **NPS 30, likely between 15"


def breakdown_example():
    found = nps_difference((45, 40, 15), (30, 45, 25))
    assert whole_points(100 * found["difference"]) == 25
    assert points(found) == (4, 45)
    yield f"= {found['z']:.2f}, p = {found['p_value']:.3f}, **likely between 4 and 45.**"


def feature_example():
    groups = (  # stratum, uses it, promoters, passives, detractors
        (0, 1, 6, 0, 4),
        (0, 0, 10, 20, 10),
        (1, 1, 24, 16, 0),
        (1, 0, 4, 6, 0),
    )
    rows = [
        (h, x, y)
        for h, x, *n in groups
        for y, k in zip((1, 0, -1), n, strict=True)
        for _ in range(k)
    ]
    strata, uses, y = zip(*rows, strict=True)
    found = feature_association(y, uses, strata, range(len(y)))
    assert whole_points(100 * found["crude"]) == 44
    yield f"**{whole_points(100 * found['adjusted'])} points at equal use.**"
    yield "Plainly: 0.52 against 0.08, 44 points."


def trend_example():
    first = bucket(datetime(2026, 3, 31, 23, 30, tzinfo=UTC), "Europe/Berlin", "month")
    yield f"belongs to April in Berlin*: its month is `{first}`"


def landing_example():
    found = always_valid_difference((45, 40, 15), (30, 15, 5))
    c = counted_centre((30, 15, 5))[0] - counted_centre((45, 40, 15))[0]
    yield (
        f"c = {c:.2f}, limits −{-found['lower']:.2f} and {found['upper']:.2f},"
        f" p = {found['p_always']:.2f}: **no clear change yet.**"
    )


def drift_example():
    low = 0.30 - 0.05
    for y, factor in ((-1, 1.5), (1, 0.7)):
        limits = (low, low + 0.10)
        assert math.exp(log_gain(np.array([y]), limits, "drop")[2].item()) == pytest.approx(factor)
    yield "multiplies by 1 + 0.4 (0.25 + 1) = 1.5 at λ = 0.4"


def active_use_example():
    found = percentile(20, [1, 2, 3, 5, 8, 10, 12, 15, 20, 25])
    assert found["top_decile"] is True
    yield f"midrank {found['midrank']:.0f}, at or below {found['at_or_below']:.0f}, **in the top"


def accounts_example():
    n, raw = [2, 5, 10, 20, 8, 4], [1, -0.6, 0.4, 0.6, 0, -1]
    s1 = [round(a * b) for a, b in zip(n, raw, strict=True)]
    found = shrink(n, s1, [2, 3, 8, 18, 6, 4], 0.0)
    first, last = found["accounts"][0], found["accounts"][-1]
    yield f"μ = {100 * found['mu']:.0f}. The two promoters of the first give"
    yield f"**{100 * first['estimate']:.0f}, not 100** (reliability {first['reliability']:.2f})"
    yield (
        f"**−{-100 * last['estimate']:.0f}, not −100**, and are below 0 with probability"
        f" {last['prob_below']:.2f}"
    )


def answered_example():
    share, found = rate(50, 300), representativity([200, 100], [20, 30], 0.3, 0.6)
    low, high = found["worst_case"]
    yield (
        f"rate {share['rate']:.0f} % ({share['lower']:.0f} to {share['upper']:.0f} %),"
        f" R = {found['r_indicator']:.2f}, **silence could move the NPS by up to"
        f" {100 * found['max_bias']:.0f} points**, the worst case reaches from"
        f" −{-100 * low:.0f} to {100 * high:.0f}."
    )


def repeats_example():
    # Three up, two down, five as before: +1 in all.
    found = paired_change([0] * 10, [1] * 3 + [-1] * 2 + [0] * 5)
    lower, upper = whole_lower(100 * found["lower"]), whole_upper(100 * found["upper"])
    yield f"changes summing to +1:* **+{whole_points(100 * found['change'])} points, likely between"
    yield f"likely between −{-lower} and {upper}**: no clear change"


def recency_example():
    release = datetime(2026, 5, 1, 12, tzinfo=UTC)
    week_later = datetime(2026, 5, 8, 12, tzinfo=UTC)
    answers = make_answers([9, 9], at=[to_ms(week_later), to_ms(week_later) - 60_000])
    assert recency._lately(answers, to_ms(release)).tolist() == [False, True]
    days = (week_later - release) / timedelta(days=1)
    yield f"an answer on 8 May at noon comes {days:.1f} days later and does not count,"
    yield "**one a minute earlier does.**"


def comments_example():
    y = [-1] * 3 + [1, 1, 1, 1, 0, 0, -1]
    found = term_association(y, [1] * 3 + [0] * 7)
    yield f"the others average {found['nps_without']:.2f}:* z = −{-found['z']:.1f},"
    yield f"p = {found['p_value']:.3f} (too few comments to be listed)"


def planning_example():
    v = planning.answer_variance(45, 40, 15)
    seen = planning.minimum_detectable_change(100, 100, v, v)
    yield f"V = {v:.2f}.*"
    yield f"**{planning.required_n_per_group(0.10, v)} answers on each side.**"
    yield f"**{planning.n_for_half_width(0.05, v)} answers.**"
    yield f"With 100 on each side, {100 * seen:.0f} points can be seen."


EXAMPLES = (
    nps_interval_example,
    breakdown_example,
    feature_example,
    trend_example,
    landing_example,
    drift_example,
    active_use_example,
    accounts_example,
    answered_example,
    comments_example,
    planning_example,
    repeats_example,
    recency_example,
)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.__name__)
def test_the_example_stands_in_the_documentation(example):
    for text in example():
        assert text in DOCS
