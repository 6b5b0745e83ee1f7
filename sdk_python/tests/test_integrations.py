"""Frameworks, features and test mode: one line each, and the host's request never breaks."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import flask
import pytest

import zeroten
from zeroten.integrations import flask as flask_integration
from zeroten.integrations.common import filled_template, template
from zeroten.testing import recording_client

HTML = "text/html; charset=utf-8"


def run_alone(coroutine):
    """Run a coroutine in a thread of its own: this one may have a loop, from tests in a browser."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


@pytest.fixture
def client():
    client = recording_client(flush_interval_s=0.01)
    yield client
    client.close()


@pytest.mark.parametrize(
    ("route", "page"),
    [
        ("/reports/<int:id>/edit", "/reports/:id/edit"),
        ("/files/<path:name>", "/files/:name"),
        ("/", "/"),
        ("reports/<uuid:pk>/", "/reports/:pk/"),
        (r"^reports/(?P<pk>[0-9]+)/$", "/reports/:pk/"),
        (r"^a/(?P<slug>(?:\w|-)+)\.html\Z", "/a/:slug.html"),
        ("/items/{item_id:int}", "/items/:item_id"),
        ("/items/{item_id}", "/items/:item_id"),
    ],
)
def test_every_frameworks_route_becomes_a_template(route, page):
    assert template(route) == page


def test_without_a_route_parameters_are_found_in_the_path():
    assert (
        filled_template("/teams/7/users/u-1", {"team": 7, "user": "u-1"})
        == "/teams/:team/users/:user"
    )


def make_flask(client, user):
    app = flask.Flask("shop")
    flask_integration.init_app(app, client, user=user)

    @app.get("/reports/<int:report>")
    def report(report):
        with client.feature("export_csv"):
            return f"<h1>{report}</h1>"

    @app.get("/api")
    def api():
        client.track(None, "api_called")
        return {"ok": True}

    return app.test_client()


def test_flask_tags_pages_and_features_with_user_and_route(client):
    browser = make_flask(client, lambda: zeroten.Person("u-1", account_id="acme"))

    assert browser.get("/reports/7?q=1").status_code == 200
    assert browser.get("/missing").status_code == 404
    assert browser.get("/api").status_code == 200

    feature, page, call = client.events
    assert feature["event"] == "export_csv"
    assert feature["properties"]["page"] == "/reports/:report"
    assert feature["properties"]["ok"] is True
    assert (page["type"], page["name"], page["userId"]) == ("page", "/reports/:report", "u-1")
    assert page["context"] == {"groupId": "acme"}
    assert (call["event"], call["userId"]) == ("api_called", "u-1")


def test_a_user_function_that_raises_breaks_no_request(client):
    browser = make_flask(client, lambda: 1 / 0)

    assert browser.get("/reports/7").status_code == 200
    assert client.events == []


def test_a_feature_counts_each_call_how_long_it_took_and_whether_it_worked(client):
    @client.feature("import", user_id="u-1", account_id="acme", properties={"kind": "csv"})
    def work(fails):
        if fails:
            raise ValueError
        return "done"

    assert work(False) == "done"
    with pytest.raises(ValueError):
        work(True)

    good, bad = client.named("import")
    assert good["properties"].pop("duration_ms") >= 0
    assert good["properties"] == {"kind": "csv", "ok": True}
    assert good["context"] == {"groupId": "acme"}
    assert bad["properties"]["ok"] is False


def test_a_feature_in_asyncio_belongs_to_the_task_that_used_it(client):
    @client.feature("search")
    async def search():
        await asyncio.sleep(0.01)

    async def visit(user_id):
        with zeroten.as_user(user_id, page="/search"):
            await search()

    async def main():
        await asyncio.gather(*(visit(f"u-{n}") for n in range(20)))
        assert await client.aflush(5)

    run_alone(main())

    assert {event["userId"] for event in client.named("search")} == {f"u-{n}" for n in range(20)}


def test_a_feature_without_a_user_is_not_tracked(client):
    with client.feature("lonely"):
        pass
    assert client.events == []


def test_the_recording_client_sends_nothing_and_can_be_cleared(client):
    client.identify("u-1", {"role": "admin"})
    assert client.events[0]["traits"] == {"role": "admin"}
    client.clear()
    assert client.events == []
