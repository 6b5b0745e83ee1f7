"""Answers survive closed tabs, lost networks and failing servers (WIDGET_BROWSER B21 to B26)."""

from __future__ import annotations

import time

import pytest

from tests.contracts.serving import eventually

HEARD = "<script>addEventListener('pageshow',e=>window.persisted=e.persisted)</script>"
REGISTERING = "<script>navigator.serviceWorker.register('/worker.js')</script>"
# A product that works offline: what was fetched once is there again.
OFFLINE = """
addEventListener('activate', event => event.waitUntil(clients.claim()));
addEventListener('fetch', event => {
  const {request} = event;
  if (request.method !== 'GET') return;
  event.respondWith(caches.open('kept').then(async kept => {
    try {
      const response = await fetch(request);
      await kept.put(request, response.clone());
      return response;
    } catch {
      return kept.match(request);
    }
  }));
});
"""
RETRY_LATER = {
    "Retry-After": "2",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Retry-After",
}


@pytest.mark.parametrize("wait_ms", [0, 20, 100])
def test_a_score_survives_a_tab_closed_at_once(scene, guests, host, wait_ms):
    rounds = 20
    # On an origin of its own no tab finds what another one left; a browser of its own costs more.
    names = [f"r{at}.localhost" for at in range(rounds)]
    given = scene(origins=[host.origin.replace("127.0.0.1", name) for name in names])
    url, context = given.page(), guests().page.context
    for at, name in enumerate(names):
        guest = guests(context)
        guest.open(url.replace("127.0.0.1", name)).score(at % 11)
        if wait_ms:
            guest.page.wait_for_timeout(wait_ms)
        guest.page.close()

    wanted = sorted(at % 11 for at in range(rounds))
    eventually(lambda: sorted(one["score"] or 0 for one in given.responses()) == wanted)
    time.sleep(0.3)
    assert len(given.responses()) == rounds


def test_an_answer_given_offline_is_stored_once_when_the_network_is_back(scene, guest):
    guest.expect_trouble()  # The browser itself tells of the failed request.
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


def test_an_answer_that_never_left_goes_out_with_a_later_page(scene, guest):
    guest.expect_trouble()
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


# The browser's pretended loss of the network lets through what is sent as a page goes.
REALLY_OFFLINE = """<script>
  const given = fetch;
  window.fetch = (...all) => localStorage.offline ? Promise.reject(new TypeError()) : given(...all);
  Navigator.prototype.sendBeacon = () => false;
</script>"""
WRITTEN_DOWN = (
    "name => JSON.parse(localStorage[name]).some(({body}) => JSON.parse(body).score === 6)"
)


def test_an_answer_given_offline_survives_a_page_loaded_anew_before_the_network_is_back(
    scene, guest
):
    guest.expect_trouble()  # The browser itself tells of the failed requests.
    given = scene()
    given.host.pages["/worker.js"] = (OFFLINE, {"Content-Type": "text/javascript"})
    guest.page.goto(given.page(path="/first", tag=REGISTERING))
    guest.page.wait_for_function("navigator.serviceWorker.controller")
    guest.open(given.page(head=REALLY_OFFLINE))
    eventually(lambda: given.responses())
    guest.page.context.set_offline(True)
    guest.page.evaluate("localStorage.offline = 'yes'")
    guest.score(6)
    guest.page.wait_for_function(WRITTEN_DOWN, arg=f"zeroten.{given.key}.queue")

    guest.page.reload()
    guest.page.wait_for_function("window.zeroten?.loaded")
    assert guest.page.evaluate("navigator.onLine") is False
    assert [one["score"] for one in given.responses()] == [None]
    guest.page.evaluate("localStorage.removeItem('offline')")
    guest.page.context.set_offline(False)

    pump(guest, lambda: [one["score"] for one in given.responses()] == [6])
    assert (guest.panel().count(), given.decisions()) == (0, 1)


@pytest.mark.parametrize("trouble", ["drops", "too many", "hangs"])
def test_whatever_the_server_does_an_answer_is_stored_once(scene, guest, trouble):
    guest.expect_trouble()  # The browser tells of what failed.
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


def test_a_busy_server_is_asked_again_when_it_says(scene, guest):
    guest.expect_trouble()  # The browser tells of what failed.
    given = scene()
    tries = []

    def busy(route):
        tries.append(route)
        if len(tries) == 1:
            route.fulfill(status=503, headers=RETRY_LATER)
        else:
            route.continue_()

    guest.stop_clock()
    guest.page.goto(given.page())
    guest.page.wait_for_function("window.zeroten?.loaded")
    guest.page.clock.run_for(1000)
    guest.panel().wait_for()
    guest.page.clock.run_for(5500)
    eventually(lambda: given.responses())
    guest.page.context.route("**/v1/responses", busy)
    guest.score(10)

    pump(guest, lambda: len(tries) == 1)
    waited_ms = 0
    while [one["score"] for one in given.responses()] != [10]:
        assert waited_ms < 60_000
        guest.page.clock.run_for(100)
        waited_ms += 100
        guest.page.wait_for_timeout(10)

    # Without the server's word it is tried again within a second.
    assert waited_ms >= 2000
    assert len(tries) == 2


@pytest.mark.parametrize("state", ["closed", "open", "half typed"])
def test_the_back_forward_cache_keeps_the_panel_as_it_was(scene, guest, state):
    given = scene()
    given.page(path="/other", tag="")
    guest.open(given.page(head=HEARD))
    if state == "closed":
        guest.button("Close").click()
        guest.panel().wait_for(state="detached")
    elif state == "half typed":
        guest.score(2)
        guest.panel().get_by_role("textbox").fill("Half a")

    guest.page.goto(given.host.origin + "/other")
    guest.page.go_back(wait_until="commit")
    guest.page.wait_for_function("window.persisted")

    assert guest.panel().count() == (0 if state == "closed" else 1)
    if state == "half typed":
        assert guest.panel().get_by_role("textbox").input_value() == "Half a"
    assert given.decisions() == 1


def pump(guest, holds, within_s=20):
    """Wait while the page's routes go on being answered, which sleeping would stop."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline
        guest.page.wait_for_timeout(50)
