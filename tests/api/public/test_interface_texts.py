"""The panel's own words come with the decision, in the language of the answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.domain import survey_defaults
from tests.conftest import ORIGIN


@pytest.fixture
def german_survey(make_survey: Any) -> str:
    content = survey_defaults.content()
    content["texts"]["de"] = content["texts"]["en"]
    return make_survey(content=content)


@pytest.mark.parametrize(("language", "later"), [("de-AT", "Später fragen"), ("en-GB", None)])
def test_a_decision_brings_the_interface_in_the_language_shown(
    client, project, german_survey, language, later
):
    question = {
        "publishable_key": project.publishable_key,
        "user_id": "u-1",
        "page": "/",
        "language": language,
    }

    told = client.post(
        "/v1/decide",
        data=json.dumps(question),
        content_type="text/plain",
        headers={"Origin": ORIGIN},
    ).json

    assert told["show"] is True
    assert told.get("interface", {}).get("later") == later
