"""Answers survive closed tabs, lost networks and failing servers (WIDGET_BROWSER B21 to B29)."""

from __future__ import annotations

import itertools
import time
from functools import partial

import pytest

from tests.contracts.serving import eventually

THROWING = (
    "<script>Object.defineProperty(window, 'localStorage',"
    " {get() { throw new DOMException('no', 'SecurityError') }})</script>"
)
FULL = "<script>localStorage.setItem('theirs', 'x'.repeat(5 * 1024 * 1024 - 50))</script>"


def broken(key):
    return (
        "<script>"
        + "".join(
            f"localStorage.setItem('zeroten.{key}.{part}', '{{\"surveys\":[{{');"
            for part in ("id", "state", "queue", "lease")
        )
        + "</script>"
    )


@pytest.mark.parametrize("wait_ms", [0, 20, 100])
def test_a_score_survives_a_tab_closed_at_once(scene, guests, wait_ms):
    given = scene()
    url, rounds = given.page(), 20
    for at in range(rounds):
        guest = guests()
        guest.open(url).score(at % 11)
        if wait_ms:
            guest.page.wait_for_timeout(wait_ms)
        guest.page.close()

    wanted = sorted(at % 11 for at in range(rounds))
    eventually(lambda: sorted(one["score"] or 0 for one in given.responses()) == wanted)
    time.sleep(0.3)
    assert len(given.responses()) == rounds


def test_an_answer_given_offline_is_stored_once_when_the_network_is_back(scene, guest):
    given = scene()
    url = given.page()
    guest.open(url)
    eventually(lambda: given.responses())
    guest.page.context.set_offline(True)
    guest.score(3)
    guest.page.wait_for_timeout(300)
    assert guest.heading() == "What should we do better?"

    guest.page.context.set_offline(False)

    eventually(lambda: [one["score"] for one in given.responses()] == [3], within_s=5)
    guest.noticed.clear()  # The browser itself tells of the failed request.


def test_an_answer_that_never_left_goes_out_with_a_later_page(scene, guest):
    given = scene()
    url = given.page()
    guest.open(url)
    eventually(lambda: given.responses())
    blocked = "**/v1/responses"
    guest.page.context.route(blocked, lambda route: route.abort())
    guest.score(8)
    guest.page.wait_for_timeout(200)
    guest.page.goto("about:blank")
    guest.page.context.unroute(blocked)

    guest.page.goto(url)

    eventually(lambda: [one["score"] for one in given.responses()] == [8], within_s=8)
    guest.noticed.clear()


@pytest.mark.parametrize("trouble", ["drops", "too many", "hangs"])
def test_whatever_the_server_does_an_answer_is_stored_once(scene, guest, trouble):
    given = scene()
    tries = []

    def troubled(route):
        tries.append(route.request.post_data)
        if len(tries) > 1:
            route.continue_()
        elif trouble == "drops":  # after the server has stored it
            route.fetch()
            route.abort("connectionreset")
        elif trouble == "too many":
            route.fulfill(status=429, headers={"Access-Control-Allow-Origin": "*"})

    guest.open(given.page())
    eventually(lambda: given.responses())
    guest.page.context.route("**/v1/responses", troubled)
    guest.score(10)
    assert guest.heading() == "What do you value most?"
    guest.page.wait_for_timeout(100)
    if trouble == "hangs":
        guest.page.goto("about:blank")

    pump(guest, lambda: [one["score"] for one in given.responses()] == [10])
    guest.noticed.clear()  # The browser tells of what failed.


def test_a_busy_server_is_asked_again_when_it_says(scene, guest):
    given = scene()
    tries = []

    def busy(route):
        tries.append(time.monotonic())
        if len(tries) <= 2:
            headers = {
                "Retry-After": "1",
                "Access-Control-Allow-Origin": "*",
                "Access-Control-Expose-Headers": "Retry-After",
            }
            route.fulfill(status=503, headers=headers)
        else:
            route.continue_()

    guest.open(given.page())
    eventually(lambda: given.responses())
    guest.page.context.route("**/v1/responses", busy)
    guest.score(10)

    pump(guest, lambda: [one["score"] for one in given.responses()] == [10])
    assert [round(after - before) for before, after in itertools.pairwise(tries)] == [1, 1]
    guest.noticed.clear()


@pytest.mark.parametrize("kind", ["throwing", "full", "broken"])
def test_storage_that_fails_is_done_without(scene, guest, kind):
    given = scene()
    head = {"throwing": THROWING, "full": FULL, "broken": broken(given.key)}[kind]

    guest.open(given.page(head=head)).score(6)

    eventually(lambda: [one["score"] for one in given.responses()] == [6])


def test_a_sandboxed_frame_is_a_page_too(scene, guest):
    given = scene()
    # A sandboxed frame has the origin null, which the project has not allowed.
    given.page(path="/framed")
    guest.page.goto(given.page('<iframe sandbox="allow-scripts" src="/framed"></iframe>', tag=""))
    guest.page.frames[1].wait_for_function("typeof zeroten === 'function'")
    guest.page.wait_for_timeout(800)

    guest.noticed.clear()  # The browser tells of the 403.


@pytest.mark.parametrize("state", ["closed", "open", "half typed"])
def test_the_back_forward_cache_keeps_the_panel_as_it_was(scene, guest, state):
    given = scene()
    given.page(path="/other", tag="")
    url = given.page(
        head="<script>addEventListener('pageshow',e=>window.persisted=e.persisted)</script>"
    )
    guest.open(url)
    if state == "closed":
        guest.button("Close").click()
        guest.panel().wait_for(state="detached")
    elif state == "half typed":
        guest.score(2)
        guest.panel().get_by_role("textbox").fill("Half a")

    guest.page.goto(given.host.origin + "/other")
    guest.page.go_back(wait_until="commit")
    guest.page.wait_for_timeout(500)
    pump(guest, lambda: guest.page.evaluate("window.persisted") is True)

    assert guest.panel().count() == (0 if state == "closed" else 1)
    if state == "half typed":
        assert guest.panel().get_by_role("textbox").input_value() == "Half a"
    assert given.decisions() == 1


@pytest.mark.parametrize("locks", [True, False], ids=["locks", "without"])
def test_five_tabs_at_once_show_one_panel(scene, guests, browser, locks):
    unlock = "" if locks else "delete Navigator.prototype.locks;"
    stub = "window.zeroten=function(){(zeroten.q=zeroten.q||[]).push(arguments)};"
    for _ in range(2):
        given = scene()
        url = given.page(head=f"<script>{unlock}{stub}zeroten('identify', 'u-1')</script>")
        context = browser.new_context()
        tabs = [guests(context) for _ in range(5)]
        for tab in tabs:
            tab.page.goto(url, wait_until="commit")
        pump(tabs[0], partial(shown_in, tabs))
        tabs[0].page.wait_for_timeout(800)
        for tab in tabs:
            tab.page.bring_to_front()
            tab.page.wait_for_timeout(100)

        shown = shown_in(tabs)
        context.close()
        assert shown == 1
        if locks:
            assert given.decisions() == 1


@pytest.mark.parametrize(
    "what, status, body",
    [
        ("**/w/pk_*.js", 404, "no"),
        ("**/w/pk_*.js", 500, "<html>"),
        ("**/w/pk_*.js", 200, ""),
        ("**/w/panel.*.js", 404, ""),
        ("**/w/panel.*.js", 200, "<!doctype html>"),
        ("**/w/panel.*.js", 200, "export const x = {"),
        ("**/v1/decide", 500, "{}"),
        ("**/v1/decide", 200, "<html>"),
        ("**/v1/decide", 200, '{"show": true}'),
        ("**/v1/decide", 200, "null"),
        ("**/v1/decide", 200, '{"show": true, "survey_id": "srv_unknown", "ticket": "x"}'),
    ],
)
def test_broken_files_and_answers_leave_the_page_alone(scene, guest, what, status, body):
    given = scene()
    errors, asked = [], []
    guest.page.on("pageerror", lambda error: errors.append(str(error)))
    guest.page.on(
        "request",
        lambda one: asked.append(one.url) if "/w/" in one.url or "/v1/" in one.url else None,
    )
    headers = {"Access-Control-Allow-Origin": "*", "Content-Type": "text/javascript"}
    guest.page.context.route(
        what, lambda route: route.fulfill(status=status, body=body, headers=headers)
    )

    guest.page.goto(given.page())
    guest.page.wait_for_timeout(1500)

    assert guest.panel().count() == 0
    assert errors == []
    assert len(asked) <= 4
    guest.noticed.clear()  # The browser tells of failed requests.


def test_a_blocked_server_is_not_stormed(scene, guest):
    given = scene(targeting={"triggers": [{"type": "event", "name": "go"}]})
    guest.page.goto(given.page())
    guest.page.wait_for_function("window.zeroten")
    asked = []
    guest.page.context.route("**/v1/decide", lambda route: (asked.append(1), route.abort()))

    for _ in range(20):
        guest.page.evaluate("zeroten('track', 'go')")
        guest.page.wait_for_timeout(50)

    assert len(asked) <= 3
    guest.noticed.clear()


def test_consent_decides_what_is_kept_and_sent(scene, guest):
    given = scene()
    sent = []
    guest.page.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
    keys = "Object.keys(localStorage).filter(key => key.startsWith('zeroten')).length"
    guest.page.goto(
        given.page(
            "<script>window.zeroten=function(){(zeroten.q=zeroten.q||[]).push(arguments)};"
            "zeroten('consent', 'pending')</script>"
        )
    )
    guest.page.wait_for_timeout(800)
    assert (sent, guest.page.evaluate(keys), guest.panel().count()) == ([], 0, 0)

    guest.page.evaluate("zeroten('consent', 'granted')")
    guest.wait()
    assert guest.page.evaluate(keys) > 0

    guest.page.evaluate("zeroten('consent', 'denied')")
    guest.page.wait_for_timeout(300)
    assert (guest.page.evaluate(keys), guest.panel().count()) == (0, 0)


def test_global_privacy_control_keeps_everything_in_memory(scene, guest):
    given = scene()
    head = (
        "<script>Object.defineProperty(Navigator.prototype, 'globalPrivacyControl',"
        " {get: () => true})</script>"
    )

    guest.open(given.page(head=head)).score(5)

    eventually(lambda: [one["score"] for one in given.responses()] == [5])
    assert guest.page.evaluate("localStorage.length") == 0


def shown_in(tabs):
    return sum(tab.panel().count() for tab in tabs)


def pump(guest, holds, within_s=20):
    """Wait while the page's routes go on being answered, which sleeping would stop."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline
        guest.page.wait_for_timeout(50)
