"""What a survey's content must satisfy before it is saved or published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from backend.domain.flow.answers import escape_pointer
from backend.domain.flow.questions import BANDS, SCALES, Content, Question, is_safe_link
from backend.domain.flow.theme import check_theme

Found = Iterator[tuple[str, str]]

MAX_QUESTIONS = 20
MAX_OPTIONS = 30
MAX_TEXT = 1024
MAX_DEPTH = 5

KINDS = (*SCALES, "text", "choice", "choices")
STYLES = ("numbers", "stars", "faces")


def check_content(content: object) -> list[tuple[str, str]]:
    """Return what is wrong with a survey's content, as (JSON pointer, detail) pairs.

    Checks shapes, limits (20 questions, 30 options, 1,024 code points a text), that ids are unique,
    that the default language is there and every offered language is complete, that `show_if` only
    looks back, that links lead to https: or mailto:, and the contrast of the theme.
    """
    if not isinstance(content, Mapping):
        return [("#", "Must be an object.")]
    questions = content.get("questions")
    if not isinstance(questions, list) or not 1 <= len(questions) <= MAX_QUESTIONS:
        return [("#/questions", f"Must be a list of 1 to {MAX_QUESTIONS} questions.")]
    errors = list(_check_questions(questions))
    if errors:
        return errors
    errors += _check_languages(content)
    errors += check_theme(content.get("theme"))
    if not isinstance(content.get("later", False), bool):
        errors.append(("#/later", "Must be true or false."))
    return errors


def _check_questions(questions: list[Any]) -> Found:
    earlier: dict[str, Question] = {}
    for index, question in enumerate(questions):
        at = f"#/questions/{index}"
        if not isinstance(question, Mapping):
            yield at, "Must be an object."
            return
        if not _is_id(question.get("id")):
            yield f"{at}/id", "Must be a text of 1 to 64 characters."
            return
        if question["id"] in earlier:
            yield f"{at}/id", "Another question has this id."
        if question.get("kind") not in KINDS:
            yield f"{at}/kind", f"Must be one of {', '.join(KINDS)}."
            return
        yield from _check_details(at, question)
        if question.get("show_if") is not None:
            yield from _check_condition(f"{at}/show_if", question["show_if"], earlier, MAX_DEPTH)
        earlier[question["id"]] = question


def _check_details(at: str, question: Question) -> Found:
    if not isinstance(question.get("required", False), bool):
        yield f"{at}/required", "Must be true or false."
    if question.get("style") is not None and question["style"] not in STYLES:
        yield f"{at}/style", f"Must be one of {', '.join(STYLES)}."
    if question["kind"] == "rating" and not _is_count(question.get("max", 5), 3, 10):
        yield f"{at}/max", "Must be a whole number from 3 to 10."
    if question["kind"] in ("choice", "choices"):
        yield from _check_options(at, question)


def _check_options(at: str, question: Question) -> Found:
    options = question.get("options")
    if not isinstance(options, list) or not 2 <= len(options) <= MAX_OPTIONS:
        yield f"{at}/options", f"Must be a list of 2 to {MAX_OPTIONS} ids."
        return
    if not all(_is_id(one) for one in options) or len(set(options)) != len(options):
        yield f"{at}/options", "Must be distinct texts of 1 to 64 characters."
        return
    if question["kind"] == "choice":
        return
    low, high = question.get("min") or 0, question.get("max") or len(options)
    if not _is_count(low, 0, len(options)):
        yield f"{at}/min", f"Must be a whole number from 0 to {len(options)}."
    elif not _is_count(high, max(low, 1), len(options)):
        yield f"{at}/max", f"Must be a whole number from {max(low, 1)} to {len(options)}."


def _check_condition(at: str, condition: object, earlier: dict[str, Question], depth: int) -> Found:
    if not isinstance(condition, Mapping) or depth == 0:
        yield at, f"Must be an object, at most {MAX_DEPTH} levels deep."
        return
    for group in ("all", "any"):
        if condition.get(group) is not None:
            parts = condition[group]
            if not isinstance(parts, list) or not 1 <= len(parts) <= MAX_OPTIONS:
                yield f"{at}/{group}", "Must be a list of conditions, not empty."
                return
            for index, part in enumerate(parts):
                yield from _check_condition(f"{at}/{group}/{index}", part, earlier, depth - 1)
            return
    question = earlier.get(str(condition.get("question")))
    if question is None:
        yield f"{at}/question", "Must name an earlier question."
        return
    yield from _check_test(at, condition, question)


def _check_test(at: str, condition: Mapping[str, Any], question: Question) -> Found:
    if condition.get("band") is not None:
        names = [name for _, name in BANDS.get(question["kind"], ())]
        if not _is_list_of(condition["band"], names):
            yield f"{at}/band", f"Must be a list out of: {', '.join(names) or 'no bands'}."
    elif condition.get("in") is not None:
        if not isinstance(condition["in"], list) or not condition["in"]:
            yield f"{at}/in", "Must be a list of values, not empty."
    elif not isinstance(condition.get("answered"), bool):
        yield at, "Must have one of: answered, in, band, all, any."


def _check_languages(content: Content) -> Found:
    texts = content.get("texts")
    if not isinstance(texts, Mapping) or not texts:
        yield "#/texts", "Must be an object of languages."
        return
    if str(content.get("default_language")) not in texts:
        yield "#/default_language", "Must be a language that has texts."
    for language, own in texts.items():
        at = f"#/texts/{escape_pointer(str(language))}"
        if not isinstance(own, Mapping) or not isinstance(own.get("questions"), Mapping):
            yield f"{at}/questions", "Must be an object of texts by question id."
            continue
        for question in content["questions"]:
            yield from _check_question_texts(f"{at}/questions", question, own["questions"])
        yield from _check_thanks(f"{at}/thanks", own.get("thanks"))


def _check_question_texts(at: str, question: Question, texts: Mapping[str, Any]) -> Found:
    at = f"{at}/{escape_pointer(question['id'])}"
    own = texts.get(question["id"])
    if not isinstance(own, Mapping):
        yield at, "A language is complete or not offered: this question has no text in it."
        return
    yield from _check_text(f"{at}/text", own.get("text"), empty=False)
    for name in ("low", "high", "placeholder"):
        yield from _check_text(f"{at}/{name}", own.get(name, ""))
    yield from _check_text_map(f"{at}/by_band", own.get("by_band"))
    labels = own.get("options") or {}
    for option in question.get("options") or ():
        label = labels.get(option) if isinstance(labels, Mapping) else None
        yield from _check_text(f"{at}/options/{escape_pointer(option)}", label, empty=False)


def _check_thanks(at: str, thanks: object) -> Found:
    if thanks is None:
        return
    if not isinstance(thanks, Mapping):
        yield at, "Must be an object."
        return
    yield from _check_end(at, thanks)
    by_band = thanks.get("by_band") or {}
    if not isinstance(by_band, Mapping):
        yield f"{at}/by_band", "Must be an object of texts by band."
        return
    for name, own in by_band.items():
        part = f"{at}/by_band/{escape_pointer(str(name))}"
        if isinstance(own, Mapping):
            yield from _check_end(part, own)
        else:
            yield part, "Must be an object."


def _check_end(at: str, end: Mapping[str, Any]) -> Found:
    for name in ("text", "link_text"):
        yield from _check_text(f"{at}/{name}", end.get(name) or "")
    url = end.get("link_url")
    if url is not None and not (is_safe_link(url) and len(url) <= MAX_TEXT):
        yield f"{at}/link_url", "Must be an https: or mailto: address."


def _check_text_map(at: str, texts: object) -> Found:
    if texts is None:
        return
    if not isinstance(texts, Mapping):
        yield at, "Must be an object of texts by band."
        return
    for name, text in texts.items():
        yield from _check_text(f"{at}/{escape_pointer(str(name))}", text)


def _check_text(at: str, text: object, *, empty: bool = True) -> Found:
    if not isinstance(text, str) or (not empty and not text.strip()):
        yield at, "Must be a text." if empty else "Must be a text, not empty."
    elif len(text) > MAX_TEXT:
        yield at, f"Must be at most {MAX_TEXT} characters."


def _is_id(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 64 and value.isprintable()


def _is_count(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_list_of(value: object, allowed: list[str]) -> bool:
    return isinstance(value, list) and bool(value) and all(one in allowed for one in value)
