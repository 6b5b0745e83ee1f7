"""Whether a project's pages and servers have been heard of, over REST."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import ORIGIN


@pytest.fixture
def told(call, project):
    return lambda: call("GET", "/installation", project.viewer_token).json


def test_nothing_has_been_heard_at_first(told):
    assert told() == {
        "page_at": None,
        "origin": None,
        "may_ask": True,
        "server_at": None,
        "steps": [
            {"step": "origins", "is_done": True},
            {"step": "tag", "is_done": False},
            {"step": "survey", "is_done": False},
        ],
    }


@pytest.mark.parametrize("origin, may_ask", [(ORIGIN, True), ("https://other.example", False)])
def test_a_page_that_loads_the_tag_is_told_with_its_origin(client, told, project, origin, may_ask):
    client.get(f"/w/{project.publishable_key}.js", headers={"Referer": f"{origin}/"})

    heard = told()

    assert (heard["origin"], heard["may_ask"]) == (origin, may_ask)
    assert datetime.now(UTC) - datetime.fromisoformat(heard["page_at"]) < timedelta(minutes=5)
    assert {"step": "tag", "is_done": True} in heard["steps"]
