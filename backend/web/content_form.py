"""A survey's content as fields of a form, and back: what has no field is kept as it was.

Fields are named by the place of their question and their language: `q0.text.en`,
`q0.by_band.promoter.en`, `thanks.link_url.en`, `theme.accent`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from backend.domain.errors import FieldError, InvalidRequestError
from backend.domain.flow import metric
from backend.domain.flow.changes import condition_text
from backend.domain.flow.content import KINDS, MAX_QUESTIONS
from backend.domain.flow.questions import BANDS, SCALES

KIND_NAMES: Final = {
    "nps": "0 to 10, how likely (NPS)",
    "csat": "1 to 5, how satisfied (CSAT)",
    "ces": "1 to 7, how easy (CES)",
    "rating": "Rating",
    "text": "Their own words",
    "choice": "One of several",
    "choices": "Several of several",
}
QUESTION_TEXTS: Final = ("text", "low", "high", "placeholder")
END_TEXTS: Final = ("text", "link_text", "link_url")
THEME: Final = ("mode", "layout", "position", "accent", "accent_dark")
_LANGUAGE: Final = re.compile(r"[a-zA-Z]{2,8}(-[a-zA-Z0-9]{1,8}){0,3}")


def read(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the content that a form holds; it may still break the rules of contents.

    Raises:
        InvalidRequestError: it is no form of ours.
    """
    try:
        content: dict[str, Any] = msgspec.json.decode(form["base"], type=dict[str, Any])
        for index, question in enumerate(content["questions"]):
            _read_question(content, question, f"q{index}", form)
        for language, texts in content["texts"].items():
            texts["thanks"] = _read_end(content, texts.get("thanks") or {}, language, form)
        content["default_language"] = form.get("default_language", content["default_language"])
        content["later"] = form.get("later") == "true"
        content["theme"] = _read_theme(content.get("theme") or {}, form)
    except (msgspec.MsgspecError, KeyError, TypeError, AttributeError) as error:
        fault = FieldError("#/base", "The form is not whole. Load the page again.")
        raise InvalidRequestError(errors=[fault]) from error
    return content


def act(content: dict[str, Any], do: str, language: str = "") -> dict[str, Any]:
    """Return a copy of `content` after a button of the form.

    Args:
        do: `add:<kind>`, `up:<n>`, `down:<n>`, `remove:<n>`, `speak`, `silence:<language>`;
            anything else changes nothing.
        language: the one to add, for `speak`.
    """
    found = copy.deepcopy(content)
    verb, _, what = do.partition(":")
    questions = found["questions"]
    if verb == "add" and what in KINDS and len(questions) < MAX_QUESTIONS:
        _add(found, what)
    elif verb in ("up", "down", "remove") and what.isdecimal() and int(what) < len(questions):
        _move(found, int(what), verb)
    elif verb == "speak" and _LANGUAGE.fullmatch(language) and language not in found["texts"]:
        # To be translated: a language with gaps could not be offered.
        found["texts"][language] = copy.deepcopy(found["texts"][found["default_language"]])
    elif verb == "silence" and what in found["texts"] and what != found["default_language"]:
        del found["texts"][what]
    return found


def filled(content: dict[str, Any]) -> dict[str, Any]:
    """Return a copy that can be drawn while it is being written: empty texts say "…"."""
    found = copy.deepcopy(content)
    default = found["texts"][found["default_language"]]["questions"]
    for texts in (found["texts"][found["default_language"]], *found["texts"].values()):
        for question in found["questions"]:
            own, first = texts["questions"][question["id"]], default[question["id"]]
            own["text"] = own["text"].strip() or first["text"].strip() or "…"
            for option in question.get("options") or ():
                own["options"][option] = own["options"][option] or first["options"][option] or "…"
    return found


def conditions(content: Mapping[str, Any], index: int) -> list[tuple[str, str]]:
    """Return when question `index` may be asked: (JSON or "", words), its own condition too."""
    found: list[dict[str, Any]] = []
    for question in content["questions"][:index]:
        about = {"question": question["id"]}
        found.append(about | {"answered": True})
        names = [name for _, name in BANDS.get(question["kind"], ())]
        found += [about | {"band": [name]} for name in names]
        found += [about | {"band": [names[0], names[1]]}] if names else []
        found += [about | {"in": [option]} for option in question.get("options") or ()]
    own = content["questions"][index].get("show_if")
    if own is not None and own not in found:
        found.append(own)
    return [("", "always"), *((as_json(one), condition_text(one)) for one in found)]


def as_json(value: Any) -> str:
    """Return a document as one line of JSON, always the same for the same document."""
    return msgspec.json.encode(value, order="sorted").decode()


def bands(content: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the bands of the survey's score, lowest first."""
    question = metric(content)
    return tuple(name for _, name in BANDS[question["kind"]]) if question else ()


def _read_question(
    content: dict[str, Any], question: dict[str, Any], at: str, form: Mapping[str, str]
) -> None:
    question["required"] = form.get(f"{at}.required") == "true"
    condition = form.get(f"{at}.show_if", "")
    question["show_if"] = msgspec.json.decode(condition) if condition else None
    if question["show_if"] is None:
        del question["show_if"]
    if question["kind"] == "csat" and f"{at}.style" in form:
        question["style"] = form[f"{at}.style"]
    if question["kind"] == "rating" and form.get(f"{at}.max", "").isdecimal():
        question["max"] = int(form[f"{at}.max"])
    if question["kind"] in ("choice", "choices"):
        _read_options(content, question, at, form)
    for language, texts in content["texts"].items():
        own = texts["questions"][question["id"]]
        for name in QUESTION_TEXTS:
            _put(own, name, form.get(f"{at}.{name}.{language}"), needed=name == "text")
        by_band = own.setdefault("by_band", {})
        for band in bands(content):
            _put(by_band, band, form.get(f"{at}.by_band.{band}.{language}"))
        if not by_band:
            del own["by_band"]


def _read_options(
    content: dict[str, Any], question: dict[str, Any], at: str, form: Mapping[str, str]
) -> None:
    """Take options a line each: a label that was there keeps its id, so that answers stay alike."""
    default = content["default_language"]
    lines = _lines(form.get(f"{at}.options.{default}"))
    if lines is None:
        return
    old = content["texts"][default]["questions"][question["id"]].get("options") or {}
    ids: list[str] = []
    known = {label: id_ for id_, label in old.items()}
    for place, line in enumerate(lines):
        same_place = question["options"][place : place + 1]
        is_reworded = len(lines) == len(question["options"]) and old.get(same_place[0]) not in lines
        id_ = known.get(line) or (same_place[0] if is_reworded else _new_id(line, [*old, *ids]))
        ids.append(id_ if id_ not in ids else _new_id(line, [*old, *ids]))
    question["options"] = ids
    for language, texts in content["texts"].items():
        own = texts["questions"][question["id"]]
        given = _lines(form.get(f"{at}.options.{language}")) or []
        labels = given if len(given) == len(ids) else [*given, *lines[len(given) :]]
        own["options"] = dict(zip(ids, labels, strict=False))


def _read_end(
    content: dict[str, Any], end: dict[str, Any], language: str, form: Mapping[str, str]
) -> dict[str, Any]:
    for name in END_TEXTS:
        _put(end, name, form.get(f"thanks.{name}.{language}"), needed=name == "text")
    by_band = end.get("by_band") or {}
    for band in bands(content):
        own = by_band.setdefault(band, {})
        for name in END_TEXTS:
            _put(own, name, form.get(f"thanks.{band}.{name}.{language}"))
    kept = {band: own for band, own in by_band.items() if own}
    return {name: value for name, value in end.items() if name != "by_band"} | (
        {"by_band": kept} if kept else {}
    )


def _read_theme(theme: dict[str, Any], form: Mapping[str, str]) -> dict[str, Any]:
    for name in THEME:
        _put(theme, name, form.get(f"theme.{name}"))
    radius = form.get("theme.radius")
    if radius is not None:
        _put(theme, "radius", int(radius) if radius.isdecimal() else radius)
    return theme


def _put(into: dict[str, Any], name: str, value: Any, *, needed: bool = False) -> None:
    """Set a member; an empty one is left out, and one that the form lacks stays as it is."""
    if value is None:
        return
    if value == "" and not needed:
        into.pop(name, None)
    else:
        into[name] = value.replace("\r\n", "\n") if isinstance(value, str) else value


def _lines(text: str | None) -> list[str] | None:
    return None if text is None else [line.strip() for line in text.splitlines() if line.strip()]


def _add(content: dict[str, Any], kind: str) -> None:
    taken = [one["id"] for one in content["questions"]]
    question: dict[str, Any] = {"id": _new_id(kind, taken), "kind": kind, "required": False}
    texts: dict[str, Any] = {"text": ""}
    if kind in ("choice", "choices"):
        question["options"] = ["a", "b"]
        texts["options"] = {"a": "First", "b": "Second"}
    if kind in SCALES and not taken:
        question["required"] = True
    content["questions"].append(question)
    for own in content["texts"].values():
        own["questions"][question["id"]] = copy.deepcopy(texts)


def _move(content: dict[str, Any], index: int, verb: str) -> None:
    questions = content["questions"]
    if verb == "remove":
        if len(questions) > 1:
            gone = questions.pop(index)
            for own in content["texts"].values():
                own["questions"].pop(gone["id"], None)
        return
    other = index - 1 if verb == "up" else index + 1
    if 0 <= other < len(questions):
        questions[index], questions[other] = questions[other], questions[index]


def _new_id(text: str, taken: Iterable[str]) -> str:
    """Return an id made of the words of `text` that is none of `taken`."""
    stem = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:40] or "option"
    known = set(taken)
    return next(
        id_
        for n in range(1, len(known) + 3)
        if (id_ := stem if n == 1 else f"{stem}_{n}") not in known
    )
