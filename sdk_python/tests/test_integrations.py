"""Frameworks, features and test mode: one line each, and the host's request never breaks."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import flask
import pytest

import zeroten
from zeroten.integrations import django, starlette
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


def django_request(user, route="reports/<int:pk>/", method="GET"):
    match = SimpleNamespace(route=route) if route else None
    return SimpleNamespace(user=user, resolver_match=match, method=method)


DJANGO_USER = SimpleNamespace(pk=7, is_authenticated=True)
PAGE = SimpleNamespace(status_code=200, headers={"Content-Type": HTML})


def test_django_tags_pages_and_features_of_who_is_signed_in(client):
    def view(request):
        client.track(None, "viewed")
        return PAGE

    middleware = django.Middleware(view, SimpleNamespace(ZEROTEN_CLIENT=client))
    assert middleware(django_request(DJANGO_USER)) is PAGE
    middleware(django_request(SimpleNamespace(pk=None, is_authenticated=False)))
    middleware(django_request(DJANGO_USER, method="POST"))
    middleware(django_request(DJANGO_USER, route=None))

    pages = [event for event in client.events if event["type"] == "page"]
    assert [(page["userId"], page["name"]) for page in pages] == [("7", "/reports/:pk/")]
    assert len(client.named("viewed")) == 3


def test_django_works_in_async_handlers(client):
    async def view(request):
        return PAGE

    middleware = django.Middleware(view, SimpleNamespace(ZEROTEN_CLIENT=client))
    assert run_alone(middleware(django_request(DJANGO_USER))) is PAGE
    assert [event["name"] for event in client.events] == ["/reports/:pk/"]


def ask(app, scope):
    sent = []

    async def receive():
        return {"type": "http.request"}

    async def send(message):
        sent.append(message)

    run_alone(app({"type": "http", "method": "GET", **scope}, receive, send))
    return sent


def test_starlette_tags_pages_with_what_authentication_and_routing_found(client):
    async def app(scope, receive, send):
        scope["user"] = SimpleNamespace(is_authenticated=True, identity="u-9")
        scope["endpoint"] = app
        scope["path_params"] = {"id": 5}
        headers = [(b"Content-Type", HTML.encode())]
        with client.feature("drawn"):
            await send({"type": "http.response.start", "status": 200, "headers": headers})

    middleware = starlette.Middleware(app, client)
    sent = ask(middleware, {"path": "/items/5"})
    ask(middleware, {"path": "/items/6", "route": SimpleNamespace(path="/items/{id:int}")})

    assert sent[0]["status"] == 200
    pages = [event for event in client.events if event["type"] == "page"]
    assert [(page["userId"], page["name"]) for page in pages] == [("u-9", "/items/:id")] * 2
    assert len(client.named("drawn")) == 2


def test_starlette_leaves_websockets_and_unrouted_requests_alone(client):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})

    middleware = starlette.Middleware(app, client, user=lambda scope: "u-1")
    ask(middleware, {"type": "websocket"})
    ask(middleware, {"path": "/x"})

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
