"""What differs between two contents of a survey, in words: what a new version changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from backend.domain.flow.questions import Content, Question

# What changes an answer's meaning comes first: scores before and after can then not be compared.
SCALE: Final = "scale"
ORDER: Final = "order"
WORDS: Final = "words"
FLOW: Final = "flow"
LANGUAGES: Final = "languages"
LOOK: Final = "look"
KINDS: Final = (SCALE, ORDER, WORDS, FLOW, LANGUAGES, LOOK)

_SCALE_MEMBERS: Final = ("kind", "max", "min", "style", "options")
_FLOW_MEMBERS: Final = ("required", "show_if")
_CONDITIONS: Final = ("all", "any")


class Change(NamedTuple):
    """One difference. `before` and `after` are texts; None where there was, or is, nothing."""

    kind: str
    where: str
    before: str | None
    after: str | None


def changes(old: Content, new: Content) -> list[Change]:
    """Return what differs from `old` in `new`; contents that `check_content` finds right."""
    before = {one["id"]: one for one in old["questions"]}
    after = {one["id"]: one for one in new["questions"]}
    found = [
        *_order(old, new),
        *(change for id_ in after if id_ in before for change in _members(before[id_], after[id_])),
        *_words(old, new),
        *_languages(old, new),
        *_look(old, new),
    ]
    return sorted(found, key=lambda change: KINDS.index(change.kind))


def condition_text(condition: Mapping[str, Any] | None) -> str:
    """Return a `show_if` condition in words: "always", "score is a detractor"."""
    if condition is None:
        return "always"
    for group, joined in zip(_CONDITIONS, (" and ", " or "), strict=True):
        if condition.get(group) is not None:
            return joined.join(condition_text(part) for part in condition[group])
    about = str(condition.get("question"))
    if condition.get("band") is not None:
        return f"{about} is {' or '.join(map(str, condition['band']))}"
    if condition.get("in") is not None:
        return f"{about} is {' or '.join(map(str, condition['in']))}"
    return f"{about} is {'' if condition.get('answered') is not False else 'not '}answered"


def _order(old: Content, new: Content) -> Iterator[Change]:
    before = [one["id"] for one in old["questions"]]
    after = [one["id"] for one in new["questions"]]
    for id_ in before:
        if id_ not in after:
            yield Change(ORDER, f"question {id_}", _said(old, id_), None)
    for id_ in after:
        if id_ not in before:
            yield Change(ORDER, f"question {id_}", None, _said(new, id_))
    kept = [id_ for id_ in before if id_ in after], [id_ for id_ in after if id_ in before]
    if kept[0] != kept[1]:
        yield Change(ORDER, "questions", ", ".join(kept[0]), ", ".join(kept[1]))


def _members(old: Question, new: Question) -> Iterator[Change]:
    for kind, members in ((SCALE, _SCALE_MEMBERS), (FLOW, _FLOW_MEMBERS)):
        for name in members:
            before, after = _member(old, name), _member(new, name)
            if before != after:
                yield Change(kind, f"question {new['id']}, {name.replace('_', ' ')}", before, after)


def _member(question: Question, name: str) -> str | None:
    value = question.get(name)
    if name == "show_if":
        return condition_text(value)
    if name == "required":
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else _text(value)


def _words(old: Content, new: Content) -> Iterator[Change]:
    """Yield changed texts of what is in both: questions that come or go are told as such."""
    both = {one["id"] for one in old["questions"]} & {one["id"] for one in new["questions"]}
    for language in new["texts"]:
        if language not in old["texts"]:
            continue
        before, after = (
            dict(_leaves(_of(content["texts"][language], both))) for content in (old, new)
        )
        for where in [*before, *(path for path in after if path not in before)]:
            if (before.get(where) or None) != (after.get(where) or None):
                yield Change(WORDS, f"{language}, {where}", before.get(where), after.get(where))


def _of(texts: Mapping[str, Any], ids: set[str]) -> dict[str, Any]:
    return {
        **texts,
        "questions": {id_: texts["questions"][id_] for id_ in texts["questions"] if id_ in ids},
    }


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the texts of a language with where they stand: `score, by band, promoter`."""
    if not isinstance(value, Mapping):
        yield path, str(value)
        return
    for name, inner in value.items():
        step = "" if name == "questions" and not path else str(name).replace("_", " ")
        yield from _leaves(inner, ", ".join(part for part in (path, step) if part))


def _languages(old: Content, new: Content) -> Iterator[Change]:
    before, after = ", ".join(old["texts"]), ", ".join(new["texts"])
    if set(old["texts"]) != set(new["texts"]):
        yield Change(LANGUAGES, "languages", before, after)
    if old["default_language"] != new["default_language"]:
        named = (old["default_language"], new["default_language"])
        yield Change(LANGUAGES, "default language", *named)


def _look(old: Content, new: Content) -> Iterator[Change]:
    before, after = old.get("theme") or {}, new.get("theme") or {}
    for name in [*before, *(name for name in after if name not in before)]:
        if before.get(name) != after.get(name):
            named = name.replace("_", " ")
            yield Change(LOOK, named, _text(before.get(name)), _text(after.get(name)))
    offers = [bool(content.get("later", False)) for content in (old, new)]
    if offers[0] != offers[1]:
        yield Change(
            FLOW, "“ask me later”", *("offered" if one else "not offered" for one in offers)
        )


def _said(content: Content, id_: str) -> str:
    text: str = content["texts"][content["default_language"]]["questions"][id_]["text"]
    return text


def _text(value: Any) -> str | None:
    return None if value is None else "a drawing" if isinstance(value, Mapping) else str(value)
