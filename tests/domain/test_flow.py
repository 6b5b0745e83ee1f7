"""The flow of questions, as the widget's twin of it understands it."""

import json
from pathlib import Path

import pytest

from backend.domain import flow

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "flow.json").read_text(encoding="utf-8")
)


def id_of(question):
    return question["id"] if question else None


def question_of(content, id_):
    return next(one for one in content["questions"] if one["id"] == id_)


FUNCTIONS = {
    "next": lambda content, values, after: id_of(flow.next_question(content, values, after)),
    "path": lambda content, values: [one["id"] for one in flow.path(content, values)],
    "text": lambda content, id_, values: flow.question_text(
        content, content["texts"]["en"], id_, values
    ),
    "thanks": lambda content, values: flow.thanks(content, content["texts"]["en"], values),
    "band": flow.metric_band,
    "check": lambda content, id_, value: flow.check_answer(question_of(content, id_), value),
    "response": flow.to_response,
    "progress": flow.progress,
}


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_the_flow_agrees_with_the_shared_vectors(case):
    content = VECTORS["contents"][case["content"]]

    assert FUNCTIONS[case["function"]](content, *case["args"]) == case["expect"]


@pytest.mark.parametrize("content", VECTORS["contents"])
def test_contents_of_the_vectors_name_known_kinds(content):
    errors = flow.check_content(VECTORS["contents"][content])

    assert not [pointer for pointer, _ in errors if pointer.startswith("#/questions")]
