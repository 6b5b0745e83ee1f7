"""What is asked next and what it says, as pure functions over a survey's content.

Twin of `widget/src/core/flow.js`; `tests/vectors/flow.json` holds both to one meaning.
Content is the JSON document of docs/protocol.md, already parsed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Content = Mapping[str, Any]
Question = Mapping[str, Any]
Values = Mapping[str, Any]

SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7), "rating": (1, 5)}
# (highest value of the band, its name), lowest band first. NPS: Reichheld 2003. CSAT: the top two
# of five are satisfied. CES 2.0: 5 to 7 of seven agree that it was easy.
BANDS = {
    "nps": ((6, "detractor"), (8, "passive"), (10, "promoter")),
    "csat": ((2, "dissatisfied"), (3, "neutral"), (5, "satisfied")),
    "ces": ((3, "difficult"), (4, "neutral"), (7, "easy")),
}
_SAFE_LINK = re.compile(r"(https://[^\s/]|mailto:[^\s@]+@)\S*", re.IGNORECASE)


def scale(question: Question) -> tuple[int, int] | None:
    """Return the lowest and highest value of `question`, None for a kind without a scale."""
    if question["kind"] == "rating":
        return 1, question.get("max") or 5
    return SCALES.get(question["kind"])


def band(question: Question, value: object) -> str | None:
    """Return the band a metric's answer falls into, None without an answer or a metric."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    bands = BANDS.get(question["kind"], ())
    return next((name for highest, name in bands if value <= highest), None)


def metric(content: Content) -> Question | None:
    """Return the question whose answer is the survey's `score`."""
    return next((one for one in content["questions"] if one["kind"] in BANDS), None)


def comment_question(content: Content) -> Question | None:
    """Return the question whose answer is the survey's `comment`."""
    return next((one for one in content["questions"] if one["kind"] == "text"), None)


def metric_band(content: Content, values: Values) -> str | None:
    """Return the band of the survey's metric, None while it has no answer."""
    question = metric(content)
    return band(question, values.get(question["id"])) if question else None


def is_answered(value: object) -> bool:
    """Say whether `value` is an answer at all: not nothing, not empty."""
    return value is not None and value != "" and value != []


def holds(content: Content, condition: Mapping[str, Any] | None, values: Values) -> bool:
    """Say whether a `show_if` condition holds: an absent one does, one on no known question not."""
    if condition is None:
        return True
    if condition.get("all") is not None:
        return all(holds(content, part, values) for part in condition["all"])
    if condition.get("any") is not None:
        return any(holds(content, part, values) for part in condition["any"])
    question = question_by_id(content, condition.get("question"))
    if question is None:
        return False
    value = values.get(question["id"])
    if condition.get("band") is not None:
        return band(question, value) in condition["band"]
    if condition.get("in") is not None:
        given = value if isinstance(value, list) else [value]
        return any(_same(one, wanted) for one in given for wanted in condition["in"])
    return is_answered(value) == (condition.get("answered") is not False)


def path(content: Content, values: Values) -> list[Question]:
    """Return the questions asked, in order, given the answers so far."""
    return [one for one in content["questions"] if holds(content, one.get("show_if"), values)]


def next_question(content: Content, values: Values, after: str | None) -> Question | None:
    """Return the question after the one named `after` (the first for None), None at the end."""
    ids = [one["id"] for one in content["questions"]]
    rest = content["questions"][ids.index(after) + 1 if after in ids else 0 :]
    return next((one for one in rest if holds(content, one.get("show_if"), values)), None)


def progress(content: Content, values: Values, id_: str) -> dict[str, int]:
    """Return where question `id_` stands as `at` of `of`, counting from 1.

    `of` counts all that may still come, so it can only shrink on the way.
    """
    at = [one["id"] for one in path(content, values)].index(id_) + 1
    ids = [one["id"] for one in content["questions"]]
    return {"at": at, "of": at + len(ids) - 1 - ids.index(id_)}


def question_text(content: Content, texts: Mapping[str, Any], id_: str, values: Values) -> str:
    """Return what a question says to someone who gave this score."""
    own = texts["questions"][id_]
    by_band = own.get("by_band") or {}
    text: str = by_band.get(metric_band(content, values)) or own["text"]
    return text


def thanks(content: Content, texts: Mapping[str, Any], values: Values) -> dict[str, str]:
    """Return what the end says: `text`, and `link_text` with `link_url` if the link is safe."""
    end = texts.get("thanks") or {"text": ""}
    own = (end.get("by_band") or {}).get(metric_band(content, values)) or {}
    merged = {**end, **own}
    said = {"text": merged.get("text", "")}
    if merged.get("link_text") and is_safe_link(merged.get("link_url")):
        said |= {"link_text": merged["link_text"], "link_url": merged["link_url"]}
    return said


def is_safe_link(url: object) -> bool:
    """Say whether `url` may stand in a panel: https: or mailto:, nothing that runs."""
    return isinstance(url, str) and _SAFE_LINK.fullmatch(url) is not None


def question_by_id(content: Content, id_: object) -> Question | None:
    """Return the question named `id_`, None when there is none."""
    return next((one for one in content["questions"] if one["id"] == id_), None)


def _same(given: object, wanted: object) -> bool:
    # JSON has one kind of number and no true that equals 1; Python's == disagrees.
    return isinstance(given, bool) == isinstance(wanted, bool) and given == wanted
