"""Joins two drafts of a survey's content that were written at once (a three-way merge)."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from backend.domain.flow.changes import Change, changes
from backend.domain.flow.content import check_content
from backend.domain.flow.questions import Content
from backend.domain.three_way import Side, merged, order

_OPTIONS: Final = "options"


class Merge(NamedTuple):
    """What became of two drafts.

    Args:
        content: both changes; where both changed the same, yours.
        otherwise: the same with theirs there.
        conflicts: what both changed: theirs before, yours after; empty when nothing is in the way.
    """

    content: dict[str, Any]
    otherwise: dict[str, Any]
    conflicts: list[Change]

    @property
    def is_clean(self) -> bool:
        """Whether nothing was changed by both in two ways."""
        return self.content == self.otherwise


class _Whole(NamedTuple):
    """A mapping that is one value: half of a condition means nothing."""

    value: Any


def merge(base: Content, theirs: Content, yours: Content) -> Merge:
    """Join `theirs` and `yours`, both made from `base`; three contents without faults.

    Questions, options and languages are known by id, so one may be reworded while another is
    moved. What one removed and the other changed is a conflict. Where the joined content would
    break a rule (a condition on a question that is gone), the two are left apart, as one conflict.
    """
    yours = _apart(base, theirs, yours)
    found = {side: _merged(base, theirs, yours, side) for side in Side}
    if any(check_content(content) for content in found.values()):
        found = {Side.YOURS: copy.deepcopy(dict(yours)), Side.THEIRS: copy.deepcopy(dict(theirs))}
    conflicts = changes(found[Side.THEIRS], found[Side.YOURS])
    return Merge(found[Side.YOURS], found[Side.THEIRS], conflicts)


def _merged(base: Content, theirs: Content, yours: Content, keeps: Side) -> dict[str, Any]:
    languages = _languages(base, theirs, yours, keeps)
    was, his, mine = (_unpacked(_speaking(one, languages, base)) for one in (base, theirs, yours))
    tree = merged(was, his, mine, keeps)
    orders = [_option_orders(one) for one in (base, theirs, yours)]
    options = {}
    for id_, unit in tree["questions"].items():
        first, second, third = (one.get(id_, []) for one in orders)
        options[id_] = order(first, second, third, unit[_OPTIONS], keeps)
    ids = order(_ids(base), _ids(theirs), _ids(yours), tree["questions"], keeps)
    return _packed(tree, ids, options)


def _languages(base: Content, theirs: Content, yours: Content, keeps: Side) -> list[str]:
    """Return the languages of the joined content: what the other side wrote in may be kept."""
    was, his, mine = (
        {name: _Whole(texts) for name, texts in one["texts"].items()}
        for one in (base, theirs, yours)
    )
    return list(merged(was, his, mine, keeps))


def _speaking(content: Content, languages: list[str], base: Content) -> dict[str, Any]:
    """Return the content in these languages, as far as it or the base have them."""
    texts = base["texts"] | content["texts"]
    return {**content, "texts": {name: texts[name] for name in languages if name in texts}}


def _apart(base: Content, theirs: Content, yours: Content) -> Content:
    """Return yours with ids of its own for new questions whose ids they gave to others."""
    known, taken = set(_ids(base)), {*_ids(theirs), *_ids(yours)}
    mine, others = _unpacked(yours)["questions"], _unpacked(theirs)["questions"]
    found = yours
    for id_ in _ids(yours):
        if id_ in known or id_ not in others or mine[id_] == others[id_]:
            continue
        new = next(name for n in range(2, len(taken) + 3) if (name := f"{id_}_{n}") not in taken)
        taken.add(new)
        found = _renamed(found, id_, new)
    return found


def _renamed(content: Content, old: str, new: str) -> dict[str, Any]:
    found = copy.deepcopy(dict(content))
    for question in found["questions"]:
        if question["id"] == old:
            question["id"] = new
        _rename_in(question.get("show_if"), old, new)
    for texts in found["texts"].values():
        if old in texts["questions"]:
            texts["questions"][new] = texts["questions"].pop(old)
    return found


def _rename_in(condition: dict[str, Any] | None, old: str, new: str) -> None:
    if condition is None:
        return
    if condition.get("question") == old:
        condition["question"] = new
    for group in ("all", "any"):
        for part in condition.get(group) or ():
            _rename_in(part, old, new)


def _unpacked(content: Content) -> dict[str, Any]:
    """Return a content as mappings by id, with all that belongs to a question in one of them."""
    plain = {name: value for name, value in content.items() if name not in ("questions", "texts")}
    theme = {name: _whole(value) for name, value in (plain.get("theme") or {}).items()}
    languages = {
        name: {part: value for part, value in texts.items() if part != "questions"}
        for name, texts in content["texts"].items()
    }
    questions = {one["id"]: _unit(content, one) for one in content["questions"]}
    return {
        "plain": plain | ({"theme": theme} if "theme" in plain else {}),
        "languages": languages,
        "questions": questions,
    }


def _unit(content: Content, question: Mapping[str, Any]) -> dict[str, Any]:
    id_ = question["id"]
    says = {name: texts["questions"].get(id_, {}) for name, texts in content["texts"].items()}
    return {
        "is": {name: _whole(value) for name, value in question.items() if name != _OPTIONS},
        "says": {
            language: {name: value for name, value in own.items() if name != _OPTIONS}
            for language, own in says.items()
        },
        _OPTIONS: {
            option: {
                language: own[_OPTIONS][option]
                for language, own in says.items()
                if option in own.get(_OPTIONS, {})
            }
            for option in question.get(_OPTIONS) or ()
        },
    }


def _packed(tree: Any, ids: list[str], options: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return the content again, each language complete in the words of the default one."""
    default = tree["plain"]["default_language"]
    questions, texts = [], copy.deepcopy(tree["languages"])
    for language in texts:
        texts[language]["questions"] = {}
    for id_ in ids:
        unit = tree["questions"][id_]
        question = {name: _bare(value) for name, value in unit["is"].items()}
        questions.append(question | ({_OPTIONS: options[id_]} if options[id_] else {}))
        for language in texts:
            own = dict(unit["says"].get(language) or unit["says"].get(default) or {})
            labels = {one: _said(unit[_OPTIONS][one], language, default) for one in options[id_]}
            texts[language]["questions"][id_] = own | ({_OPTIONS: labels} if labels else {})
    plain = dict(tree["plain"])
    if "theme" in plain:
        plain["theme"] = {name: _bare(value) for name, value in plain["theme"].items()}
    return plain | {"questions": questions, "texts": texts}


def _said(labels: Mapping[str, str], language: str, default: str) -> str:
    return labels.get(language) or labels.get(default) or next(iter(labels.values()), "")


def _whole(value: Any) -> Any:
    return _Whole(value) if isinstance(value, Mapping) else value


def _bare(value: Any) -> Any:
    return value.value if isinstance(value, _Whole) else value


def _ids(content: Content) -> list[str]:
    return [question["id"] for question in content["questions"]]


def _option_orders(content: Content) -> dict[str, list[str]]:
    return {one["id"]: list(one.get(_OPTIONS) or ()) for one in content["questions"]}
