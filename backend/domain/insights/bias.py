"""Who answered, and how far that can move the number (METHODS section 10)."""

import math
from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np
from scipy.special import chdtrc

from backend.domain.insights.columns import Answers, Bools
from backend.domain.insights.rows import latest as latest_answers
from backend.domain.insights.wording import HIDE_BELOW, points, told
from backend.domain.nps import normal_quantile

SMALLEST_CELL = 20
NOTE_SMD, WARN_SMD = 0.1, 0.25
STEPS = ("eligible", "sampled", "shown", "scored", "commented")


class Representativity(TypedDict):
    """How evenly people of different cells answered; unit scale."""

    response_rate: float | None
    r_indicator: float | None
    max_bias: float | None
    worst_case: list[float] | None
    smd: list[float | None]
    chi2: float | None
    p_value: float | None


class Rate(TypedDict):
    """A share of people in percent with its interval; None when nobody could have been.

    `n` and `of` are None where they would tell of fewer than five people.
    """

    n: int | None
    of: int | None
    rate: float | None
    lower: float | None
    upper: float | None


class Step(Rate):
    """One step of the funnel: `n` people of the `of` in the step before."""

    step: str


class LoudestVoices(TypedDict):
    """Shares of answers and of comments, in percent, from the extremes."""

    n: int
    answers_0_to_2: float | None
    comments_0_to_2: float | None
    answers_10: float | None
    comments_10: float | None


def representativity(
    asked: Sequence[int], answered: Sequence[int], nps: float | None, p_plus_d: float | None
) -> Representativity:
    """Compare response rates over cells (role x plan x usage group) of people asked.

    Nobody asked: None. Nobody answered: no NPS to be biased, so the limits are None.

    Raises:
        ValueError: lengths differ, or more answered than were asked.

    Source: Schouten, Cobben, Bethlehem 2009 (R indicator, maximal bias); Manski 1989
    (worst case); Austin 2009 (standardised differences).
    """
    n, k = np.asarray(asked, np.float64), np.asarray(answered, np.float64)
    if len(n) != len(k) or (k > n).any() or (k < 0).any():
        raise ValueError("each cell has at most as many answers as people asked")
    total, answers = float(n.sum()), float(k.sum())
    smd = [_smd(a, answers, b - a, total - answers) for a, b in zip(k, n, strict=True)]
    if total == 0:
        return _unknown(None, smd)
    rbar = answers / total
    if total < 2:
        return _unknown(rbar, smd)
    rho = np.divide(k, n, out=np.full(len(n), rbar), where=n > 0)
    spread = math.sqrt(float((n * (rho - rbar) ** 2).sum()) / (total - 1))
    result = _unknown(rbar, smd)
    result["r_indicator"] = 1 - 2 * spread
    if rbar > 0 and nps is not None and p_plus_d is not None:
        result["max_bias"] = spread * math.sqrt(max(0.0, p_plus_d - nps**2)) / rbar
        result["worst_case"] = [rbar * nps - (1 - rbar), rbar * nps + (1 - rbar)]
    cells = int((n > 0).sum())
    if 0 < rbar < 1 and cells > 1:
        inside = n > 0
        chi2 = float(((k - n * rbar)[inside] ** 2 / n[inside]).sum()) / (rbar * (1 - rbar))
        result["chi2"], result["p_value"] = chi2, float(chdtrc(cells - 1, chi2))
    return result


def smd_continuous(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Return the standardised difference of means; None without variance or with one value.

    Above 0.1 a note, above 0.25 a warning (`smd_mark`). Source: Austin 2009.
    """
    if len(a) < 2 or len(b) < 2:
        return None
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    variance = (float(first.var(ddof=1)) + float(second.var(ddof=1))) / 2
    if variance <= 0:
        return None
    return (float(first.mean()) - float(second.mean())) / math.sqrt(variance)


def smd_mark(smd: float | None) -> str | None:
    """Return "warning", "note" or None for a standardised difference."""
    if smd is None or abs(smd) <= NOTE_SMD:
        return None
    return "warning" if abs(smd) > WARN_SMD else "note"


def merge_cells(
    asked: Mapping[str, int], answered: Mapping[str, int], minimum: int = SMALLEST_CELL
) -> dict[str, tuple[int, int]]:
    """Return cells of at least `minimum` people asked; smaller ones are joined as "other".

    When even "other" is too small, the smallest of the rest joins it.
    """
    order = sorted(asked, key=lambda name: (-asked[name], name))
    large = [name for name in order if asked[name] >= minimum]
    small = [name for name in order if asked[name] < minimum]
    while large and small and sum(asked[name] for name in small) < minimum:
        small.append(large.pop())
    cells = {name: (asked[name], answered.get(name, 0)) for name in large}
    if small:
        sums = sum(asked[c] for c in small), sum(answered.get(c, 0) for c in small)
        cells["other"] = sums
    return cells


def rate(n: int, of: int, confidence: float = 0.95) -> Rate:
    """Return n/of in percent with Wilson's interval; nobody to count gives None.

    Raises:
        ValueError: n is negative or more than `of`.

    Source: Wilson 1927; coverage near nominal also for small and one-sided samples
    (Agresti, Caffo 2000).
    """
    if not 0 <= n <= of:
        raise ValueError("n lies between 0 and the number it is a share of")
    if of == 0:
        return {"n": n, "of": of, "rate": None, "lower": None, "upper": None}
    z, share = normal_quantile(confidence), n / of
    centre = (share + z**2 / (2 * of)) / (1 + z**2 / of)
    half = z * math.sqrt(share * (1 - share) / of + z**2 / (4 * of**2)) / (1 + z**2 / of)
    lower, upper = max(0.0, min(centre - half, share)), min(1.0, max(centre + half, share))
    return {"n": n, "of": of, "rate": 100 * share, "lower": 100 * lower, "upper": 100 * upper}


def funnel(people: Mapping[str, int], confidence: float = 0.95) -> list[Step]:
    """Return eligible, sampled, shown, scored and commented people, each of those before.

    Steps that are missing count nobody; the first step is a share of itself.
    """
    counts = [people.get(step, 0) for step in STEPS]
    before = [counts[0], *counts[:-1]]
    return [
        # People asked by hand may be shown a survey without having been sampled.
        {"step": step, **rate(n, max(n, of), confidence)}
        for step, n, of in zip(STEPS, counts, before, strict=True)
    ]


def loudest_voices(answers: Answers, commented: Sequence[bool] | Bools) -> LoudestVoices:
    """Compare the extremes' share of answers with their share of comments.

    `commented` is as long as `answers`; each user's last answer counts.
    """
    flags = dict(zip(answers.key.tolist(), commented, strict=True))
    last = latest_answers(answers.without_usage())
    wrote = np.array([flags[key] for key in last.key.tolist()], np.bool_)
    low, top = last.score <= 2, last.score == 10

    def share(of: Bools) -> float | None:
        return points(float(of.mean())) if len(of) >= HIDE_BELOW else None

    return {
        "n": len(last),
        "answers_0_to_2": share(low),
        "comments_0_to_2": share(low[wrote]),
        "answers_10": share(top),
        "comments_10": share(top[wrote]),
    }


def bias_sentence(
    answered: int,
    asked: int,
    low_use_rate: float | None,
    high_use_rate: float | None,
    unweighted: float | None,
    weighted: float | None,
) -> str:
    """Return the one line that stands on every report; rates and NPS in points or percent."""
    if asked == 0:
        return "Nobody was asked in this period."
    text = f"{answered:,} of {asked:,} asked answered ({100 * answered / asked:.0f} %)"
    if low_use_rate is not None and high_use_rate:
        text += (
            f"; those with low use answered {low_use_rate / high_use_rate:.1f} times as often"
            " as those with high use"
        )
    if unweighted is not None and weighted is not None:
        text += f"; after weighting the NPS moves from {told(unweighted)} to {told(weighted)}"
    return text + "."


def _smd(answers: float, of_a: float, silent: float, of_s: float) -> float | None:
    """Standardised difference of a cell's share among respondents and the silent."""
    if of_a == 0 or of_s == 0:
        return None
    p1, p0 = answers / of_a, silent / of_s
    variance = (p1 * (1 - p1) + p0 * (1 - p0)) / 2
    return float((p1 - p0) / math.sqrt(variance)) if variance > 0 else None


def _unknown(rbar: float | None, smd: list[float | None]) -> Representativity:
    return {
        "response_rate": rbar,
        "r_indicator": None,
        "max_bias": None,
        "worst_case": None,
        "smd": smd,
        "chi2": None,
        "p_value": None,
    }
