"""Django as it is: its handlers, sync and async, its authentication, its routes."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import django
import pytest
from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.test import AsyncRequestFactory, RequestFactory
from django.test.utils import override_settings
from django.urls import path, re_path

import zeroten
from zeroten.testing import recording_client

SIGN_IN = f"{__name__}.SignIn"
ZEROTEN = "zeroten.integrations.django.Middleware"

if not settings.configured:
    settings.configure(
        DEBUG=False,
        SECRET_KEY="only here",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        MIDDLEWARE=[SIGN_IN, ZEROTEN],
        USE_TZ=True,
    )
    django.setup()


class User:
    """A user as `django.contrib.auth` gives it, without its tables."""

    def __init__(self, pk):
        self.pk = pk
        self.is_authenticated = pk is not None


def SignIn(get_response):
    """Sign in whom the X-User header names; in the place of Django's own authentication."""
    if asyncio.iscoroutinefunction(get_response):

        async def answer_async(request):
            request.user = User(request.headers.get("X-User"))
            return await get_response(request)

        return answer_async

    def answer(request):
        request.user = User(request.headers.get("X-User"))
        return get_response(request)

    return answer


SignIn.sync_capable = SignIn.async_capable = True


def report(request, pk):
    settings.ZEROTEN_CLIENT.track(None, "viewed", {"pk": pk})
    return HttpResponse("<h1>Report</h1>")


async def report_async(request, pk):
    settings.ZEROTEN_CLIENT.track(None, "viewed", {"pk": pk})
    return HttpResponse("<h1>Report</h1>")


urlpatterns = [
    path("reports/<int:pk>/", report),
    path("async/<int:pk>/", report_async),
    re_path(r"^old/(?P<pk>[0-9]+)/$", report),
    path("api/", lambda request: JsonResponse({"ok": True})),
]


@pytest.fixture
def client():
    client = recording_client()
    with override_settings(ZEROTEN_CLIENT=client):
        yield client
    client.close()


def ask(address, user="7", method="get"):
    """Send a request through Django's whole handler, as a WSGI server does."""
    from django.core.handlers.wsgi import WSGIHandler

    request = getattr(RequestFactory(), method)(address, headers={"X-User": user} if user else {})
    return WSGIHandler().get_response(request)


def pages(client):
    return [(event["userId"], event["name"]) for event in client.events if event["type"] == "page"]


def test_pages_and_features_belong_to_who_is_signed_in(client):
    assert ask("/reports/5/?q=secret").status_code == 200
    assert ask("/old/6/").status_code == 200
    assert pages(client) == [("7", "/reports/:pk/"), ("7", "/old/:pk/")]
    assert [event["userId"] for event in client.named("viewed")] == ["7", "7"]


def test_only_html_pages_that_were_shown_to_somebody_are_sent(client):
    ask("/reports/5/", user=None)
    ask("/reports/5/", method="post")
    ask("/missing/")
    ask("/api/")
    assert pages(client) == []


def test_async_handlers_are_tagged_too(client):
    from django.core.handlers.asgi import ASGIHandler

    async def answer():
        request = AsyncRequestFactory().get("/async/5/", headers={"X-User": "9"})
        return await ASGIHandler().get_response_async(request)

    # In a thread of its own: this one may have a loop, from tests in a browser.
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(asyncio.run, answer()).result().status_code == 200
    assert pages(client) == [("9", "/async/:pk/")]
    assert [event["userId"] for event in client.named("viewed")] == ["9"]


def test_a_user_function_that_raises_breaks_no_request(client):
    with override_settings(ZEROTEN_USER=lambda request: 1 / 0):
        assert ask("/reports/5/").status_code == 200
    assert client.events == []


def test_the_client_may_be_named_by_its_path_and_pages_turned_off(client):
    global NAMED
    NAMED = client
    with override_settings(
        ZEROTEN_CLIENT=f"{__name__}.NAMED",
        ZEROTEN_PAGES=False,
        ZEROTEN_USER=lambda request: zeroten.Person("u-1"),
    ):
        assert ask("/api/").status_code == 200
    assert client.events == []
