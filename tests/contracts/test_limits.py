"""Rate limits (abuse cases 40 and 41), on a server that has them on."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contracts.serving import make_project, send, track


@pytest.fixture
def limited(limited_server):
    return make_project(limited_server)


def test_one_person_may_ask_thirty_times_a_minute(limited_server, limited):
    limited.survey()
    answers = [limited.decide(user_id="u1") for _ in range(40)]
    statuses = [answer.status for answer in answers]
    # The minute may turn once in between.
    assert 30 <= statuses.count(200) <= 39
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.slug == "rate-limited"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit-policy"] == '"user";q=30;w=60'
    assert refused.headers["ratelimit"].startswith('"user";r=0;t=')
    assert "retry-after" not in answers[0].headers
    assert limited.decide(user_id="u2").status == 200


def test_one_address_may_ask_six_hundred_times_a_minute_whatever_it_says_it_is(limited_server):
    project = make_project(limited_server)
    body = json.dumps({"publishable_key": project.given.publishable_key}).encode()
    before = limited_server.rows()

    def ask(number):
        headers = {"Content-Type": "text/plain", "X-Forwarded-For": f"203.0.113.{number % 250}"}
        return send(limited_server, "POST", "/v1/decide", body, headers)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(1300)))

    # No Origin, so each one served is refused with 403: only the count matters here.
    served = sum(answer.status == 403 for answer in answers)
    refused = [answer for answer in answers if answer.status == 429]
    assert 500 <= served <= 1200
    assert served + len(refused) == 1300
    assert all(answer.headers["access-control-allow-origin"] == "*" for answer in refused)
    assert refused[0].headers["ratelimit-policy"] == '"address";q=600;w=60'
    assert limited_server.rows() == before


def test_events_are_not_held_up_by_the_limits_of_pages(limited):
    assert limited.batch([track()]).status == 200
