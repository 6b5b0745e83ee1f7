"""Storage of an earlier release, a server that hangs, a tab left alone (B26, B30, B32)."""

from __future__ import annotations

import json
import time

from tests.contracts.serving import eventually
from tests.e2e.widget.test_lifetime import pump

STUB = "window.zeroten=function(){(zeroten.q=zeroten.q||[]).push(arguments)};"
# One limit passes thirty times as fast, and only that one; the page notes which were asked for.
HASTE = (
    "<script>{{const {{timeout}} = AbortSignal; window.patience = [];"
    "AbortSignal.timeout = ms => (patience.push(ms),"
    " timeout.call(AbortSignal, ms === {0} ? ms / 30 : ms));}}</script>"
)
# Counts the page's own timers that ran while the tab was hidden; the clock is Playwright's.
HIDING = """<script>
  window.ran = 0;
  const names = ['setTimeout', 'setInterval', 'requestAnimationFrame', 'requestIdleCallback'];
  for (const name of names) {
    const given = window[name];
    window[name] = (run, ...rest) =>
      given.call(window, (...all) => { if (document.hidden) ran++; return run(...all); }, ...rest);
  }
  let isHidden = false;
  Object.defineProperty(document, 'hidden', {get: () => isHidden});
  window.hide = value => {
    isHidden = value;
    document.dispatchEvent(new Event('visibilitychange'));
  };
</script>"""


def test_a_server_that_hangs_is_asked_again_after_half_a_minute(scene, guest):
    guest.expect_trouble()  # The browser tells of what was given up.
    given = scene()
    held = []

    def hang_once(route):
        if held:
            route.continue_()
        else:
            held.append(route)

    guest.open(given.page(head=HASTE.format(30_000)))
    eventually(lambda: given.responses())
    guest.page.context.route("**/v1/responses", hang_once)
    guest.score(10)
    assert guest.heading() == "What do you value most?"

    pump(guest, lambda: [one["score"] for one in given.responses()] == [10])
    assert len(held) == 1
    asked, *answered = guest.page.evaluate("patience")
    assert (asked, set(answered)) == (10_000, {30_000})


def test_a_decision_that_never_comes_leaves_nothing_behind(scene, guest):
    guest.expect_trouble()  # The browser tells of what was given up.
    given = scene()
    held = []
    guest.page.context.route("**/v1/decide", lambda route: held.append(route))
    heard = (
        f"<script>{STUB}window.reasons = [];"
        "zeroten('on', 'not_shown', ({reason}) => reasons.push(reason))</script>"
    )
    guest.page.goto(given.page(head=HASTE.format(10_000) + heard))

    guest.page.wait_for_function("reasons.length")

    assert guest.page.evaluate("[reasons, patience]") == [["status_undefined"], [10_000]]
    assert (len(held), guest.panel().count()) == (1, 0)
    lease = "Object.keys(localStorage).filter(key => key.endsWith('lease'))"
    guest.page.wait_for_function(f"!{lease}.length")
    guest.page.context.unroute("**/v1/decide")
    guest.page.evaluate("void zeroten('open')")
    guest.wait().score(5)
    eventually(lambda: [one["score"] for one in given.responses()] == [5])


def test_what_the_first_release_stored_is_read_by_this_one(scene, guests):
    given = scene()
    guest = guests()
    url = given.page()
    with guest.page.expect_response("**/v1/decide") as decided:
        guest.open(url)
    ticket = decided.value.json()["ticket"]
    now, long = int(time.time() * 1000), 300 * 86_400_000
    body = {
        "publishable_key": given.key, "ticket": ticket, "revision": 7, "state": "scored",
        "score": 4, "comment": None, "answers": {}, "language": "en", "shown_ms": 5300,
    }  # fmt: skip
    stored = {
        "id": f"1-2-3-4.{now - long}",
        "state": {
            "first": now - long,
            "surveys": {"srv_gone": {"shownAt": now - long, "declinedAt": now - long}},
            "retry": {"srv_gone": now + 60_000},
        },
        "queue": [{"ticket": ticket, "revision": 7, "body": json.dumps(body), "at": now - 60_000}],
        "lease": {"by": 0.5, "until": now - 1000},
    }
    later = guests()
    asked = []
    later.page.on(
        "request", lambda one: asked.append(one.post_data_json) if "decide" in one.url else None
    )
    later.page.goto(given.page(path="/empty", tag=""))
    later.page.evaluate(
        "([key, parts]) => Object.keys(parts).map(part =>"
        " localStorage.setItem(`zeroten.${key}.${part}`, parts[part]))",
        [given.key, {part: as_text(held) for part, held in stored.items()}],
    )

    later.open(url).score(9)

    eventually(lambda: sorted(one["score"] or 0 for one in given.responses()) == [4, 9])
    assert asked[0]["anonymous_id"] == "1-2-3-4"
    assert asked[0]["first_seen_at"] is not None


def as_text(held):
    return held if isinstance(held, str) else json.dumps(held)


def test_a_tab_that_is_hidden_does_nothing_and_then_goes_on(scene, guest):
    given = scene(targeting={"triggers": [{"type": "page_load", "delay_ms": 1000}]})
    asked = []
    guest.page.on("request", lambda one: asked.append(one.url) if "/v1/" in one.url else None)
    guest.stop_clock()
    # Hidden from the start, so that no slow machine lets the survey fall due before.
    guest.page.goto(given.page(head=HIDING + "<script>hide(true)</script>"))
    guest.page.wait_for_function("window.zeroten?.loaded", polling=100)
    guest.page.evaluate("ran = 0")

    guest.page.clock.run_for("30:00")

    assert (guest.page.evaluate("ran"), asked, guest.panel().count()) == (0, [], 0)
    guest.page.evaluate("hide(false)")
    guest.page.clock.run_for(1000)
    guest.panel().wait_for()
    assert given.decisions() == 1


def test_an_open_panel_in_a_hidden_tab_does_nothing(scene, guest):
    given = scene()
    guest.stop_clock()
    guest.page.goto(given.page(head=HIDING))
    guest.page.wait_for_function("window.zeroten?.loaded", polling=100)
    guest.page.clock.run_for(1000)
    guest.panel().wait_for()
    guest.page.clock.run_for(1000)
    guest.page.evaluate("hide(true); ran = 0")

    guest.page.clock.run_for("30:00")

    assert (guest.page.evaluate("ran"), guest.panel().count()) == (0, 1)
