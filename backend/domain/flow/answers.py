"""Which answers a survey takes, and how they map to `score`, `comment` and `answers`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from backend.domain.flow.questions import (
    SCALES,
    Content,
    Question,
    Values,
    comment_question,
    is_answered,
    metric,
    path,
    question_by_id,
    scale,
)

Errors = list[tuple[str, str]]

MAX_TEXT = 4000

_DETAILS = {
    "required": "This question needs an answer.",
    "too_few": "Fewer options than this question asks for.",
    "too_many": "More options than this question allows.",
    "too_long": f"Longer than {MAX_TEXT} characters.",
}


def check_response(
    content: Content, state: str, score: object, comment: object, answers: object
) -> Errors:
    """Return what is wrong with an answer as posted, as (JSON pointer, detail) pairs.

    A score belongs to `scored` and `completed` of a survey with a metric, and nowhere else. What is
    required must be there once the answer is `completed`, on the way through the questions that
    these very answers take. `7.0` counts as 7; `true` and `"7"` are not numbers.
    """
    if not isinstance(answers, Mapping):
        return [("#/answers", "Must be an object.")]
    errors = _check_score(content, state, score)
    errors += _check_comment(content, comment)
    errors += _check_answers(content, answers)
    if state == "completed" and not errors:
        errors += _check_required(content, score, comment, answers)
    return errors


def check_answer(question: Question, value: object) -> str | None:
    """Return why `value` is no answer to `question` as a code, None when it is one."""
    if not is_answered(value):
        return "required" if question.get("required") else None
    if (bounds := scale(question)) is not None:
        whole = _whole_number(value)
        return None if whole is not None and bounds[0] <= whole <= bounds[1] else "invalid"
    return _CHECKS[question["kind"]](question, value)


def to_response(content: Content, values: Values) -> dict[str, Any]:
    """Return the answers as the wire carries them; answers to questions not asked are left out."""
    score, comment = metric(content), comment_question(content)
    response: dict[str, Any] = {"score": None, "comment": None, "answers": {}}
    for question in path(content, values):
        value = values.get(question["id"])
        if not is_answered(value):
            continue
        if question is score:
            response["score"] = value
        elif question is comment:
            response["comment"] = value
        else:
            response["answers"][question["id"]] = value
    return response


def escape_pointer(part: str) -> str:
    """Return `part` as one step of a JSON pointer (RFC 6901)."""
    return part.replace("~", "~0").replace("/", "~1")


def _check_score(content: Content, state: str, score: object) -> Errors:
    question = metric(content)
    if question is None:
        return [] if score is None else [("#/score", "This survey has no score.")]
    if state not in ("scored", "completed"):
        return [] if score is None else [("#/score", f"Must be null in the state {state}.")]
    if check_answer({**question, "required": True}, score) is None:
        return []
    low, high = SCALES[question["kind"]]
    return [("#/score", f"Must be a whole number from {low} to {high}.")]


def _check_comment(content: Content, comment: object) -> Errors:
    if comment is None:
        return []
    question = comment_question(content)
    if question is None:
        return [("#/comment", "This survey asks for no comment.")]
    return _describe("#/comment", question, check_answer({**question, "required": False}, comment))


def _check_answers(content: Content, answers: Mapping[str, Any]) -> Errors:
    apart = (metric(content), comment_question(content))
    errors: Errors = []
    for id_, value in answers.items():
        question, pointer = question_by_id(content, id_), f"#/answers/{escape_pointer(id_)}"
        if question is None or question in apart:
            errors.append((pointer, "Not a question answered here."))
        else:
            errors += _describe(
                pointer, question, check_answer({**question, "required": False}, value)
            )
    return errors


def _check_required(
    content: Content, score: object, comment: object, answers: Mapping[str, Any]
) -> Errors:
    score_question, text_question = metric(content), comment_question(content)
    values = dict(answers)
    if score_question is not None:
        values[score_question["id"]] = score
    if text_question is not None:
        values[text_question["id"]] = comment
    missing = [one for one in path(content, values) if check_answer(one, values.get(one["id"]))]
    return [
        (
            "#/comment" if one is text_question else f"#/answers/{escape_pointer(one['id'])}",
            _DETAILS["required"],
        )
        for one in missing
    ]


def _describe(pointer: str, question: Question, code: str | None) -> Errors:
    if code is None:
        return []
    if code == "invalid" and (bounds := scale(question)) is not None:
        return [(pointer, f"Must be a whole number from {bounds[0]} to {bounds[1]}.")]
    return [(pointer, _DETAILS.get(code, "Not an answer to this question."))]


def _check_text(question: Question, value: object) -> str | None:
    if not isinstance(value, str):
        return "invalid"
    return "too_long" if len(value) > MAX_TEXT else None


def _check_choice(question: Question, value: object) -> str | None:
    return None if isinstance(value, str) and value in _options(question) else "invalid"


def _check_choices(question: Question, value: object) -> str | None:
    options = _options(question)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        return "invalid"
    if len(set(value)) != len(value) or not set(value) <= set(options):
        return "invalid"
    if len(value) < (question.get("min") or 0):
        return "too_few"
    return "too_many" if len(value) > (question.get("max") or len(options)) else None


def _options(question: Question) -> Sequence[str]:
    return question.get("options") or ()


def _whole_number(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if value == value // 1 else None


_CHECKS: dict[str, Callable[[Question, object], str | None]] = {
    "text": _check_text,
    "choice": _check_choice,
    "choices": _check_choices,
}
