"""What a survey says comes with the decision, in one language; scripts do not carry it."""

from __future__ import annotations

import gzip
import json
from typing import Any

import brotli
import pytest

from backend.domain import survey_defaults
from tests.conftest import ORIGIN

UNPACK = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}


@pytest.fixture
def content() -> dict[str, Any]:
    written = survey_defaults.content()
    written["texts"]["de"] = written["texts"]["en"]
    return written


@pytest.mark.parametrize("accepted", UNPACK)
def test_a_decision_brings_the_survey_in_the_language_shown(
    client, project, make_survey, content, accepted
):
    make_survey(content=content)
    question = {"publishable_key": project.publishable_key, "user_id": "u-1", "language": "de"}

    answer = client.post(
        "/v1/decide",
        data=json.dumps(question),
        content_type="text/plain",
        headers={"Origin": ORIGIN, "Accept-Encoding": accepted},
    )

    assert answer.headers.get("Content-Encoding", "") == accepted
    assert "Accept-Encoding" in answer.headers["Vary"]
    told = json.loads(UNPACK[accepted](answer.data))
    assert told["content"] == {
        **content,
        "default_language": "de",
        "texts": {"de": content["texts"]["de"]},
    }


def test_a_script_carries_no_texts_and_the_plain_configuration_all(
    client, project, make_survey, content
):
    survey_id = make_survey(content=content)

    script = client.get(f"/w/{project.publishable_key}.js").text
    plain = client.get(f"/w/{project.publishable_key}.json").json

    assert survey_id in script
    assert "default_language" not in script.partition(survey_id)[2]
    assert [each["content"] for each in plain["surveys"]] == [content]
