"""Two drafts of one survey, written at once."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.flow import check_content
from backend.domain.flow.changes import changes
from backend.domain.flow.merge import merge
from backend.domain.survey_templates import TEMPLATES


def base():
    """A survey in two languages, with a choice and a condition."""
    content = copy.deepcopy(dict(TEMPLATES["nps"].content))
    content["questions"].append({"id": "where", "kind": "choice", "options": ["web", "app"]})
    content["texts"]["en"]["questions"]["where"] = {
        "text": "Where?",
        "options": {"web": "Web", "app": "App"},
    }
    content["texts"]["de"] = copy.deepcopy(content["texts"]["en"])
    assert check_content(content) == []
    return content


def said(content, question, language="en"):
    return content["texts"][language]["questions"][question]


def score_reworded(content, text="How likely?"):
    said(content, "score")["text"] = text


def comment_reworded(content):
    said(content, "why", "de")["text"] = "Warum?"


def thanks_reworded(content):
    content["texts"]["en"]["thanks"]["text"] = "Cheers!"


def coloured(content):
    content["theme"]["accent"] = "#6b2fb3"


def moved(content):
    content["questions"].reverse()
    content["questions"].sort(key=lambda one: one["id"] == "why")


def required(content):
    content["questions"][1]["required"] = True


def option_added(content):
    content["questions"][2]["options"].append("both")
    for language in content["texts"]:
        said(content, "where", language)["options"]["both"] = "Both"


def option_reworded(content):
    said(content, "where")["options"]["web"] = "In a browser"


def language_added(content):
    content["texts"]["fr"] = copy.deepcopy(content["texts"]["en"])


def question_added(content, text="And then?"):
    content["questions"].append({"id": "text", "kind": "text", "required": False})
    for language in content["texts"]:
        content["texts"][language]["questions"]["text"] = {"text": text}


def where_removed(content):
    del content["questions"][2]
    for texts in content["texts"].values():
        del texts["questions"]["where"]


def german_removed(content):
    del content["texts"]["de"]


APART = [
    score_reworded, comment_reworded, thanks_reworded, coloured, required,
    option_added, option_reworded, language_added, question_added,
]  # fmt: skip


def after(*edits):
    content = base()
    for edit in edits:
        edit(content)
    return content


@given(st.lists(st.tuples(st.sampled_from(APART), st.booleans()), unique_by=lambda one: one[0]))
def test_changes_of_different_fields_are_all_in_the_joined_draft(edits):
    theirs = after(*(edit for edit, is_yours in edits if not is_yours))
    yours = after(*(edit for edit, is_yours in edits if is_yours))

    found = merge(base(), theirs, yours)

    # In one order, since a new language repeats what there is.
    whole = after(*(edit for edit in APART if edit in [one for one, _ in edits]))
    assert found.conflicts == []
    assert check_content(found.content) == []
    missing = changes(found.content, whole)
    if language_added not in dict(edits):
        assert missing == []
    assert [one for one in missing if not one.where.startswith("fr")] == []


@pytest.mark.parametrize("edit", [*APART, moved, where_removed, german_removed])
def test_what_one_of_two_changed_is_taken_and_what_both_changed_alike_too(edit):
    assert merge(base(), after(edit), base()).content == after(edit)
    assert merge(base(), base(), after(edit)).content == after(edit)
    assert merge(base(), after(edit), after(edit)).content == after(edit)
    assert merge(base(), after(edit), after(edit)).is_clean


def test_a_field_that_both_changed_is_yours_and_told_with_theirs():
    theirs = after(lambda one: score_reworded(one, "Theirs?"), coloured)
    yours = after(lambda one: score_reworded(one, "Yours?"), thanks_reworded)

    found = merge(base(), theirs, yours)

    assert [tuple(one) for one in found.conflicts] == [
        ("words", "en, score, text", "Theirs?", "Yours?")
    ]
    assert not found.is_clean
    for content, text in ((found.content, "Yours?"), (found.otherwise, "Theirs?")):
        assert said(content, "score")["text"] == text
        assert content["theme"]["accent"] == "#6b2fb3"
        assert content["texts"]["en"]["thanks"]["text"] == "Cheers!"


def test_one_moves_what_another_rewords():
    found = merge(base(), after(moved), after(score_reworded, option_reworded))

    assert [one["id"] for one in found.content["questions"]] == ["where", "score", "why"]
    assert said(found.content, "score")["text"] == "How likely?"
    assert said(found.content, "where")["options"]["web"] == "In a browser"
    assert found.is_clean


@pytest.mark.parametrize("is_yours", [True, False])
def test_what_one_removed_and_the_other_changed_is_a_conflict_and_not_lost(is_yours):
    removed, changed = after(where_removed), after(option_reworded)
    theirs, yours = (removed, changed) if is_yours else (changed, removed)

    found = merge(base(), theirs, yours)

    kept, other = found.content, found.otherwise
    ids = [[one["id"] for one in content["questions"]] for content in (kept, other)]
    assert ids == [["score", "why", "where"][: 3 if is_yours else 2],
                   ["score", "why", "where"][: 2 if is_yours else 3]]  # fmt: skip
    assert check_content(kept) == check_content(other) == []
    assert found.conflicts


def test_a_language_that_one_removed_and_the_other_wrote_in_is_a_conflict():
    found = merge(base(), after(german_removed), after(comment_reworded))

    assert said(found.content, "why", "de")["text"] == "Warum?"
    assert "de" not in found.otherwise["texts"]
    assert check_content(found.content) == check_content(found.otherwise) == []
    assert found.conflicts


def test_two_questions_that_both_added_are_both_kept_though_their_ids_are_the_same():
    theirs = after(lambda one: question_added(one, "Theirs?"))
    yours = after(lambda one: question_added(one, "Yours?"))

    found = merge(base(), theirs, yours)

    assert [one["id"] for one in found.content["questions"]][3:] == ["text", "text_2"]
    assert [said(found.content, id_, "de")["text"] for id_ in ("text", "text_2")] == [
        "Theirs?", "Yours?",
    ]  # fmt: skip
    assert found.is_clean


def test_two_that_would_break_a_rule_together_are_left_apart():
    def asked_after(content):
        content["questions"][1]["show_if"] = {"question": "where", "answered": True}
        content["questions"].sort(key=lambda one: one["id"] == "why")

    theirs, yours = after(where_removed), after(asked_after)

    found = merge(base(), theirs, yours)

    assert found.content == yours
    assert found.otherwise == theirs
    assert found.conflicts == changes(theirs, yours)


def test_a_condition_is_one_value():
    def asked_detractors(content):
        content["questions"][1]["show_if"] = {"question": "score", "band": ["detractor"]}

    def asked_nobody(content):
        content["questions"][1]["show_if"] = {"question": "score", "in": [0]}

    found = merge(base(), after(asked_detractors), after(asked_nobody))

    assert found.content["questions"][1]["show_if"] == {"question": "score", "in": [0]}
    assert [one.where for one in found.conflicts] == ["question why, show if"]
