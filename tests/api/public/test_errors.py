"""What nobody foresaw is a problem too, and says nothing of the inside (abuse case 55)."""

import json

import pytest

from backend.api import problems
from backend.api.auth import access
from backend.domain import errors


@pytest.fixture
def broken(app, monkeypatch):
    """A client of an application with a view that fails."""

    @access("open")
    def fail():
        raise RuntimeError("SELECT password FROM /srv/app/secret.py")

    app.add_url_rule("/w/fail/now", "fail", fail)
    logged = []
    monkeypatch.setattr(problems.log, "error", lambda event, **more: logged.append((event, more)))
    return app.test_client(), logged


def test_an_unforeseen_error_shows_its_request_id_and_is_logged_once(broken):
    client, logged = broken

    answer = client.get("/w/fail/now")

    assert answer.status_code == 500
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == "/problems/internal-error"
    assert set(answer.json) == {"type", "title", "status", "instance"}
    for inside in ("SELECT", "secret", "Traceback", "RuntimeError"):
        assert inside not in answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    [(event, more)] = logged
    assert event == "internal-error"
    assert answer.json["instance"] == f"/requests/{more['request_id']}"


@pytest.mark.parametrize("kind", problems.PROBLEMS, ids=lambda kind: kind.__name__)
def test_every_error_is_answered_by_its_row(app, kind):
    error = kind("bucket", 600, 60, 12) if kind is errors.RateLimitedError else kind("Do this.")
    with app.test_request_context("/v1/decide"):
        answer = problems.answer(error)
    status, slug, title = problems.PROBLEMS[kind]
    body = json.loads(answer.data)
    assert (answer.status_code, body["type"], body["title"]) == (status, f"/problems/{slug}", title)
    assert ("WWW-Authenticate" in answer.headers) == (slug in ("key-invalid", "token-invalid"))


def test_waiting_is_told_in_whole_seconds_of_at_least_one(app):
    with app.test_request_context("/v1/decide"):
        answer = problems.answer(errors.StorageUnavailableError(retry_after_s=0))
    assert answer.headers["Retry-After"] == "1"
