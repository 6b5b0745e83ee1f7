"""Servers that live as long as the test run: one on SQLite, one on PostgreSQL, one with limits."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from tests.contracts.serving import Project, Server, make_project


@pytest.fixture(scope="session")
def new_database(postgresql_url: str) -> Callable[[str], str]:
    """Make another database in the test run's PostgreSQL; returns its address.

    A number follows the name: pytest may take a fixture down and set it up again.
    """
    numbers = itertools.count()

    def make(name: str) -> str:
        name = f"{name}_{next(numbers)}"
        with psycopg.connect(postgresql_url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return postgresql_url.replace("/postgres?", f"/{name}?")

    return make


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Server]:
    """A server without rate limits, shared by the tests of one engine."""
    data = tmp_path_factory.mktemp("server")
    url = ""
    if request.param == "postgresql":
        url = request.getfixturevalue("new_database")("contracts")
    running = Server(data, url).start()
    yield running
    assert running.stop() == 0, running.log


@pytest.fixture(scope="session")
def limited_server(tmp_path_factory: Any) -> Iterator[Server]:
    """A server with its rate limits on."""
    running = Server(tmp_path_factory.mktemp("limited"), more={"RATE_LIMITS": "1"}).start()
    yield running
    running.stop()


@pytest.fixture
def project(server: Server) -> Project:
    """A project that allows pages of ORIGIN."""
    return make_project(server)
