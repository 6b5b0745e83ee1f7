"""What a new version of a survey changes, told in words."""

from __future__ import annotations

import copy

import pytest

from backend.domain.flow import check_content
from backend.domain.flow.changes import Change, changes, condition_text
from backend.domain.survey_templates import TEMPLATES


@pytest.fixture
def content():
    return copy.deepcopy(TEMPLATES["nps"].content)


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_can_be_published_as_it_is(name):
    assert check_content(TEMPLATES[name].content) == []


def test_nothing_changes_between_a_content_and_itself(content):
    assert changes(content, copy.deepcopy(content)) == []


def test_a_changed_word_is_told_with_its_language_and_place(content):
    new = copy.deepcopy(content)
    new["texts"]["en"]["questions"]["why"]["by_band"]["promoter"] = "What do you like?"

    assert changes(content, new) == [
        Change("words", "en, why, by band, promoter", "Care to tell us why?", "What do you like?")
    ]


def test_scale_order_and_look_are_told_before_and_after(content):
    new = copy.deepcopy(content)
    new["questions"].reverse()
    new["questions"][1]["kind"] = "csat"
    new["theme"]["accent"] = "#2f5bea"
    new["later"] = False

    assert changes(content, new) == [
        Change("scale", "question score, kind", "nps", "csat"),
        Change("order", "questions", "score, why", "why, score"),
        Change("flow", "“ask me later”", "offered", "not offered"),
        Change("look", "accent", None, "#2f5bea"),
    ]


def test_a_question_that_comes_or_goes_is_one_change(content):
    new = copy.deepcopy(content)
    new["questions"].append({"id": "more", "kind": "text"})
    new["texts"]["en"]["questions"]["more"] = {"text": "Anything else?"}

    added = Change("order", "question more", None, "Anything else?")
    assert changes(content, new) == [added]
    assert changes(new, content) == [added._replace(before="Anything else?", after=None)]


def test_languages_are_told(content):
    new = copy.deepcopy(content)
    new["texts"]["de"] = new["texts"]["en"]

    assert changes(content, new) == [Change("languages", "languages", "en", "en, de")]


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (None, "always"),
        ({"question": "score", "answered": True}, "score is answered"),
        ({"question": "score", "answered": False}, "score is not answered"),
        ({"question": "score", "band": ["detractor", "passive"]}, "score is detractor or passive"),
        (
            {"all": [{"question": "a", "in": ["x"]}, {"question": "b", "in": [1]}]},
            "a is x and b is 1",
        ),
    ],
)
def test_a_condition_is_told_in_words(condition, text):
    assert condition_text(condition) == text
