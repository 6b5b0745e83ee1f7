"""Which answers a survey takes."""

import pytest

from backend.domain.flow import check_response

NPS = {
    "questions": [
        {"id": "score", "kind": "nps", "required": True},
        {"id": "role", "kind": "choice", "options": ["dev", "ops"], "required": True},
        {"id": "why", "kind": "text"},
    ]
}
PLAIN = {"questions": [{"id": "a/b", "kind": "rating"}]}
NOT_A_SCORE = [("#/score", "Must be a whole number from 0 to 10.")]


@pytest.mark.parametrize("state", ["scored", "completed"])
@pytest.mark.parametrize(
    "score",
    [11, -1, 7.5, "7", True, False, None, float("nan"), float("inf"), [7], {}, 10**400],
    ids=str,
)
def test_what_is_no_score_is_refused_at_the_score(state, score):
    assert check_response(NPS, state, score, None, {"role": "dev"}) == NOT_A_SCORE


@pytest.mark.parametrize("score", [0, 6, 7, 10, 7.0])
def test_a_whole_number_of_the_scale_is_taken(score):
    assert check_response(NPS, "scored", score, None, {}) == []


@pytest.mark.parametrize("state", ["shown", "declined", "later"])
def test_a_score_belongs_to_an_answer_only(state):
    assert check_response(NPS, state, None, None, {}) == []
    assert check_response(NPS, state, 7, None, {}) == [
        ("#/score", f"Must be null in the state {state}.")
    ]


def test_a_survey_without_a_metric_takes_no_score():
    assert check_response(PLAIN, "completed", None, None, {"a/b": 5}) == []
    assert check_response(PLAIN, "completed", 5, None, {}) == [
        ("#/score", "This survey has no score.")
    ]


def test_a_comment_is_a_text_of_at_most_4000_characters():
    assert check_response(NPS, "scored", 7, "😀" * 4000, {}) == []
    assert check_response(NPS, "scored", 7, "x" * 4001, {}) == [
        ("#/comment", "Longer than 4000 characters.")
    ]
    assert check_response(NPS, "scored", 7, 5, {}) == [
        ("#/comment", "Not an answer to this question.")
    ]


def test_a_survey_without_a_text_question_takes_no_comment():
    assert check_response(PLAIN, "completed", None, "Hello", {}) == [
        ("#/comment", "This survey asks for no comment.")
    ]


@pytest.mark.parametrize(
    "answers, pointer",
    [
        ({"role": "boss"}, "#/answers/role"),
        ({"unknown": 1}, "#/answers/unknown"),
        ({"score": 7}, "#/answers/score"),
        ({"why": "twice"}, "#/answers/why"),
        ([], "#/answers"),
        (None, "#/answers"),
    ],
    ids=str,
)
def test_a_wrong_answer_is_named_by_its_pointer(answers, pointer):
    assert [at for at, _ in check_response(NPS, "scored", 7, None, answers)] == [pointer]


def test_pointers_are_escaped():
    assert check_response(PLAIN, "scored", None, None, {"a/b": 9}) == [
        ("#/answers/a~1b", "Must be a whole number from 1 to 5.")
    ]


def test_what_is_required_must_be_there_once_completed():
    assert check_response(NPS, "scored", 7, None, {}) == []
    assert check_response(NPS, "completed", 7, None, {}) == [
        ("#/answers/role", "This question needs an answer.")
    ]
    assert check_response(NPS, "completed", 7, None, {"role": "ops"}) == []
