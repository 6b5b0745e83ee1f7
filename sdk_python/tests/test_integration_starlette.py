"""Starlette and FastAPI as they are: routing, authentication, websockets."""

from __future__ import annotations

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.responses import HTMLResponse
from starlette.applications import Starlette
from starlette.authentication import (
    AuthCredentials,
    AuthenticationBackend,
    SimpleUser,
)
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from zeroten.integrations.starlette import Middleware
from zeroten.testing import recording_client


class Known(SimpleUser):
    """Somebody signed in; `SimpleUser` leaves out who."""

    @property
    def identity(self):
        return self.username


class ByHeader(AuthenticationBackend):
    """Signs in whom the X-User header names."""

    async def authenticate(self, conn):
        named = conn.headers.get("X-User")
        return (AuthCredentials(["authenticated"]), Known(named)) if named else None


@pytest.fixture
def client():
    client = recording_client()
    yield client
    client.close()


def pages(client):
    return [(event["userId"], event["name"]) for event in client.events if event["type"] == "page"]


def make_starlette(client):
    async def item(request):
        with client.feature("drawn"):
            return HTMLResponse(f"<h1>{request.path_params['id']}</h1>")

    app = Starlette(
        routes=[
            Route("/items/{id:int}", item),
            Mount("/shop", routes=[Route("/items/{id:int}", item)]),
        ]
    )
    # As a host writes it: ours first, so that authentication, added later, runs around it.
    app.add_middleware(Middleware, client=client)
    app.add_middleware(AuthenticationMiddleware, backend=ByHeader())
    return TestClient(app)


def make_fastapi(client):
    app = FastAPI()

    @app.get("/items/{id}", response_class=HTMLResponse)
    def item(id: int) -> str:
        with client.feature("drawn"):
            return f"<h1>{id}</h1>"

    @app.get("/api/{id}")
    def api(id: int) -> dict[str, int]:
        return {"id": id}

    @app.websocket("/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("hello")
        await socket.close()

    app.add_middleware(Middleware, client=client)
    app.add_middleware(AuthenticationMiddleware, backend=ByHeader())
    return TestClient(app)


@pytest.mark.parametrize("make", [make_starlette, make_fastapi])
def test_pages_and_features_belong_to_who_is_signed_in(client, make):
    browser = make(client)
    assert browser.get("/items/5?q=secret", headers={"X-User": "u-9"}).status_code == 200
    assert browser.get("/items/6").status_code == 200
    assert browser.get("/missing", headers={"X-User": "u-9"}).status_code == 404
    assert pages(client) == [("u-9", "/items/:id")]
    assert [event["userId"] for event in client.named("drawn")] == ["u-9"]


def test_a_mounted_route_has_its_whole_path(client):
    browser = make_starlette(client)
    assert browser.get("/shop/items/5", headers={"X-User": "u-9"}).status_code == 200
    assert pages(client) == [("u-9", "/shop/items/:id")]


def test_json_and_websockets_are_no_pages(client):
    browser = make_fastapi(client)
    assert browser.get("/api/5", headers={"X-User": "u-9"}).json() == {"id": 5}
    with browser.websocket_connect("/live") as socket:
        assert socket.receive_text() == "hello"
    assert client.events == []
