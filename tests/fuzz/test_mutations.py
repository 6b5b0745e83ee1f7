"""Broken bytes and structure on every plane of a real server: no 5xx, no hang."""

import psycopg
import pytest

from tests.contracts.serving import Server, make_project
from tests.fuzz.mutations import fuzz, seeds

EACH = 150


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(request, tmp_path_factory):
    url = ""
    if request.param == "postgresql":
        home = request.getfixturevalue("postgresql_url")
        with psycopg.connect(home, autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS mutations")
            connection.execute("CREATE DATABASE mutations")
        url = home.replace("/postgres?", "/mutations?")
    running = Server(tmp_path_factory.mktemp("mutations"), url).start()
    yield running
    assert running.stop() == 0, running.log


@pytest.mark.parametrize("plane", ["widget", "events", "admin"])
def test_no_broken_request_breaks_the_server(server, plane):
    project = make_project(server)
    project.survey()
    given = project.given
    sends = seeds(given.publishable_key, given.secret_key, given.owner_token)[plane]

    statuses = fuzz(server.url, sends, EACH)

    assert sum(statuses.values()) == EACH
    assert len(statuses) > 1
    assert "internal-error" not in server.log
