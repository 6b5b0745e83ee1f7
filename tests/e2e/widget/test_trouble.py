"""Broken storage, broken files, slow and blocked servers, consent (WIDGET_BROWSER B27 to B29)."""

from __future__ import annotations

import pytest

from tests.contracts.serving import eventually
from tests.e2e.widget.conftest import PLAIN

STUB = "window.zeroten=function(){(zeroten.q=zeroten.q||[]).push(arguments)};"
THROWING = (
    "<script>Object.defineProperty(window, 'localStorage',"
    " {get() { throw new DOMException('no', 'SecurityError') }})</script>"
)
FULL = "<script>localStorage.setItem('theirs', 'x'.repeat(5 * 1024 * 1024 - 50))</script>"
JAVASCRIPT = {"Access-Control-Allow-Origin": "*", "Content-Type": "text/javascript"}


def broken(key):
    return (
        "<script>"
        + "".join(
            f"localStorage.setItem('zeroten.{key}.{part}', '{{\"surveys\":[{{');"
            for part in ("id", "state", "queue", "lease")
        )
        + "</script>"
    )


@pytest.mark.parametrize("kind", ["throwing", "full", "broken"])
def test_storage_that_fails_is_done_without(scene, guest, kind):
    given = scene()
    head = {"throwing": THROWING, "full": FULL, "broken": broken(given.key)}[kind]

    guest.open(given.page(head=head)).score(6)

    eventually(lambda: [one["score"] for one in given.responses()] == [6])


def test_a_sandboxed_frame_gets_the_whole_flow_in_memory(scene, guest):
    given = scene(origins=["null"])
    given.page(path="/framed")
    frame = '<iframe sandbox="allow-scripts" src="/framed" width=600 height=500></iframe>'
    guest.page.goto(given.page(frame, tag=""))
    panel = guest.page.frame_locator("iframe").locator("zeroten-survey")

    panel.locator("section:not(.w) input").nth(7).click()

    panel.get_by_role("heading", name="What would make it a 10?").wait_for()
    eventually(lambda: [one["score"] for one in given.responses()] == [7])


def test_a_sandboxed_frame_that_may_not_ask_shows_nothing(scene, guest):
    guest.expect_trouble()  # The browser tells of the 403.
    given = scene()
    given.page(path="/framed")
    with guest.page.expect_response("**/v1/decide") as decided:
        guest.page.goto(
            given.page('<iframe sandbox="allow-scripts" src="/framed"></iframe>', tag="")
        )

    assert decided.value.status == 403
    assert guest.page.frames[1].locator("zeroten-survey").count() == 0


def test_a_page_without_a_secure_context_gets_the_whole_flow(scene, host, guest):
    origin = host.origin.replace("127.0.0.1", PLAIN)
    given = scene(origins=[origin])
    guest.page.goto(given.page().replace(host.origin, origin))
    assert (
        guest.page.evaluate("[isSecureContext, !!navigator.locks, !!crypto.randomUUID]")
        == [False] * 3
    )

    guest.wait().score(9)
    guest.panel().get_by_role("textbox").fill("Without a lock")
    guest.button("Send").click()

    assert guest.heading() == "Thank you!"
    eventually(lambda: [one["comment"] for one in given.responses()] == ["Without a lock"])


def watch(guest):
    """Return the page's errors, and what it asks of our server from now on."""
    errors, asked = [], []
    guest.page.on("pageerror", lambda error: errors.append(str(error)))
    guest.page.on(
        "request",
        lambda one: asked.append(one.url) if "/w/" in one.url or "/v1/" in one.url else None,
    )
    return errors, asked


def minute(guest):
    """Let a minute pass in the page, with time for what it sends on the way."""
    for _ in range(12):
        guest.page.clock.run_for(5000)
        guest.page.wait_for_timeout(20)


@pytest.mark.parametrize(
    "what, status, body",
    [
        ("**/w/pk_*.js", 404, "no"),
        ("**/w/pk_*.js", 500, "<html>"),
        ("**/w/pk_*.js", 200, "<!doctype html>"),
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
    guest.expect_trouble()  # The browser tells of failed requests.
    given = scene()
    errors, asked = watch(guest)
    guest.stop_clock()
    guest.page.context.route(
        what, lambda route: route.fulfill(status=status, body=body, headers=JAVASCRIPT)
    )

    with guest.page.expect_response(what):
        guest.page.goto(given.page())
        guest.page.clock.run_for(1)
    minute(guest)

    assert guest.panel().count() == 0
    # A script that is not one is the browser's to tell of, where the page put its tag.
    assert [error for error in errors if "Unexpected token '<'" not in error] == []
    assert len(asked) - 1 <= 3


@pytest.mark.parametrize("what", ["**/w/pk_*.js", "**/w/panel.*.js", "**/v1/decide"])
@pytest.mark.parametrize("how", ["blocked", "silent"])
def test_a_server_that_is_blocked_or_silent_is_not_stormed(scene, guest, what, how):
    guest.expect_trouble()
    given = scene(targeting={"triggers": [{"type": "event", "name": "go"}]})
    errors, asked = watch(guest)
    guest.stop_clock()
    guest.page.context.route(what, lambda route: route.abort() if how == "blocked" else None)

    with guest.page.expect_request(what):
        url = given.page(head=f"<script>{STUB}zeroten('track','go')</script>")
        # A script that never comes keeps the page's `load` event, as any other would.
        guest.page.goto(url, wait_until="commit")
        if "pk_" not in what:
            guest.page.wait_for_function("window.zeroten?.loaded")
        guest.page.clock.run_for(1)
    for _ in range(60):
        guest.page.evaluate("void zeroten('track', 'go')")
        guest.page.clock.run_for(1000)

    assert guest.panel().count() == 0
    assert errors == []
    assert len(asked) - 1 <= 3


def test_a_page_that_never_gives_its_token_is_asked_for_it_again(scene, guest):
    given = scene(targeting={"triggers": [{"type": "event", "name": "go"}]})
    guest.stop_clock()
    head = (
        f"<script>{STUB}asked=0;zeroten('identify','u-1',{{token:()=>{{asked++;"
        " return new Promise(() => {})}})</script>"
    )
    guest.page.goto(given.page(head=head))
    guest.page.wait_for_function("window.zeroten?.loaded")
    guest.page.evaluate("void zeroten('track', 'go')")
    guest.page.clock.run_for(1)
    guest.page.wait_for_function("asked === 1")
    assert given.decisions() == 0

    guest.page.clock.run_for(61_000)
    guest.page.evaluate("void zeroten('track', 'go')")
    guest.page.clock.run_for(1)

    guest.page.wait_for_function("asked === 2")


def test_consent_decides_what_is_kept_and_sent(scene, guest):
    given = scene()
    sent = []
    guest.page.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
    keys = "Object.keys(localStorage).filter(key => key.startsWith('zeroten')).length"
    guest.stop_clock()
    guest.page.goto(given.page(f"<script>{STUB}zeroten('consent', 'pending')</script>"))
    guest.page.wait_for_function("window.zeroten?.loaded")
    guest.page.clock.run_for(60_000)
    assert (sent, guest.page.evaluate(keys), guest.panel().count()) == ([], 0, 0)

    guest.page.evaluate("void zeroten('consent', 'granted')")
    guest.page.clock.run_for(10)
    guest.panel().wait_for()
    assert guest.page.evaluate(keys) > 0

    guest.page.evaluate("void zeroten('consent', 'denied')")
    guest.page.clock.run_for(1000)
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
