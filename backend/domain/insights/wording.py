"""The "too few to say" rule, whole points, and one plain sentence a number (section 0).

The only place where a number of answers decides what may be shown, and where a word such
as "higher" or "better" can come from: it needs a test that was clear.
"""

import math
from typing import Literal, TypedDict

HIDE_BELOW = 5
FEW_BELOW = 30
TEST_ANSWERS = 20
TEST_ACCOUNTS = 10
FEW_ACCOUNTS_BELOW = 8
LARGEST_ACCOUNT_SHARE = 0.2

MINUS = "\N{MINUS SIGN}"
"""In a range such as −44 to −19 a hyphen is easily read over."""

NO_ANSWERS = "no answers"
TOO_FEW = "too few to say"
FEW_ANSWERS = "few answers"
FEW_ACCOUNTS = "few accounts"

HIDDEN: Literal["hidden to protect single answers"] = "hidden to protect single answers"

Note = Literal["no answers", "too few to say", "few answers", "hidden to protect single answers"]


class Level(TypedDict):
    """One NPS as shown: points, unrounded; under five answers only `n` and `note` are left.

    `n` is None too where the number itself would give single answers away (`hidden`).
    """

    n: int | None
    nps: float | None
    lower: float | None
    upper: float | None
    promoters: int | None
    passives: int | None
    detractors: int | None
    note: Note | None


def note(n: int) -> Note | None:
    """Return the mark that `n` answers carry; None from 30 on."""
    if n == 0:
        return "no answers"
    if n < HIDE_BELOW:
        return "too few to say"
    return "few answers" if n < FEW_BELOW else None


def level(
    counts: tuple[int, int, int], nps: float | None, lower: float | None, upper: float | None
) -> Level:
    """Return a unit-scale NPS as points, hidden with its counts under five answers."""
    n = sum(counts)
    if n < HIDE_BELOW:
        return {**hidden(), "n": n, "note": note(n)}
    return {
        "n": n,
        "nps": points(nps),
        "lower": points(lower),
        "upper": points(upper),
        "promoters": counts[0],
        "passives": counts[1],
        "detractors": counts[2],
        "note": note(n),
    }


def hidden() -> Level:
    """Return the level of a cell that may not be seen at all."""
    return {
        "n": None,
        "nps": None,
        "lower": None,
        "upper": None,
        "promoters": None,
        "passives": None,
        "detractors": None,
        "note": HIDDEN,
    }


def points(unit: float | None) -> float | None:
    """Return points (-100 to 100 for a level) from the unit scale; None stays None."""
    return None if unit is None else 100 * unit


def whole_points(value: float) -> int:
    """Round points half away from zero: 28.5 becomes 29, -28.5 becomes -29."""
    return int(math.copysign(math.floor(abs(_settled(value)) + 0.5), value))


def whole_lower(value: float) -> int:
    """Round a lower limit down, so that the interval drawn is never too narrow."""
    return math.floor(_settled(value))


def whole_upper(value: float) -> int:
    """Round an upper limit up."""
    return math.ceil(_settled(value))


def may_test(n_a: int, n_b: int, accounts: int) -> bool:
    """Say whether two sides may be compared: 20 answers each and 10 accounts together."""
    return min(n_a, n_b) >= TEST_ANSWERS and accounts >= TEST_ACCOUNTS


def level_sentence(shown: Level) -> str:
    """Return one sentence for a level: the NPS, its limits and its number of answers."""
    if shown["n"] is None:
        return "Hidden to protect single answers."
    answers = _answers(shown["n"])
    if shown["n"] == 0:
        return "No answers yet."
    if shown["nps"] is None:
        return f"Too few to say: {answers} so far."
    text = f"NPS {told(shown['nps'])}"
    if shown["lower"] is not None and shown["upper"] is not None:
        text += f", likely between {limits(shown['lower'], shown['upper'])}"
    text += f", from {answers}"
    return text + (" (few answers)." if shown["note"] == FEW_ANSWERS else ".")


def difference_sentence(
    name: str,
    other: str,
    difference: float | None,
    lower: float | None,
    upper: float | None,
    *,
    clear: bool,
    detectable: float | None = None,
) -> str:
    """Return one sentence for a difference `name` minus `other`, in points.

    Args:
        clear: what the test of this comparison said, after any correction for the number
            of comparisons. Only then does the sentence say higher or lower.
        detectable: the smallest change found 4 times in 5, told when nothing is clear.
    """
    if difference is None or lower is None or upper is None:
        return f"{name} and {other}: too few to compare."
    if clear:
        direction = "higher" if difference > 0 else "lower"
        size = abs(whole_points(difference))
        span = limits(lower, upper)
        return f"{name}: {_points(size)} {direction} than {other} (likely between {span})."
    text = f"{name} and {other}: no clear difference"
    if detectable is None:
        return text + "."
    seen = whole_upper(detectable)
    return f"{text}; these answers would usually show one of {_points(seen)} or more."


def change_sentence(
    difference: float | None, *, clear: bool, since: str, detectable: float | None = None
) -> str:
    """Return one sentence for a change over time, in points; "up" and "down" only if clear."""
    if difference is None:
        return f"Too few to say what changed since {since}."
    if clear:
        direction = "Up" if difference > 0 else "Down"
        return f"{direction} {_points(abs(whole_points(difference)))} since {since}."
    text = f"No clear change since {since}"
    if detectable is None:
        return text + "."
    return f"{text}; these answers would usually show {_points(whole_upper(detectable))} or more."


def told(value: float, *, signed: bool = False) -> str:
    """Return points as a whole number as read: −29, 0, 34 or, signed, +34."""
    return number(whole_points(value), signed=signed)


def limits(lower: float, upper: float, word: str = "and") -> str:
    """Return "−15 and 43" for limits in points, rounded outward."""
    return f"{number(whole_lower(lower))} {word} {number(whole_upper(upper))}"


def number(value: int, *, signed: bool = False) -> str:
    """Return a whole number with a true minus sign, and a plus sign when `signed`."""
    if value < 0:
        return f"{MINUS}{-value}"
    return f"+{value}" if signed and value > 0 else str(value)


def _settled(value: float) -> float:
    # 100 * 0.285 is 28.499999999999996: nine decimals bring the half back that was meant.
    return round(value, 9)


def _answers(n: int) -> str:
    return "1 answer" if n == 1 else f"{n:,} answers"


def _points(n: int) -> str:
    return "1 point" if n == 1 else f"{n} points"
