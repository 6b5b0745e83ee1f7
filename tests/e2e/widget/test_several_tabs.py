"""One survey, one tab (WIDGET_BROWSER B22, B23)."""

from __future__ import annotations

from functools import partial

import pytest

from tests.contracts.serving import eventually
from tests.e2e.widget.test_lifetime import pump
from tests.e2e.widget.test_old_and_slow import HIDING

STUB = "window.zeroten=function(){(zeroten.q=zeroten.q||[]).push(arguments)};"
PRIVATE = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"

# As another tab writes it down.
ANSWERED_ELSEWHERE = """([name, id]) => {
  const state = JSON.parse(localStorage[name]);
  state.surveys[id].answeredAt = performance.timeOrigin + performance.now();
  localStorage[name] = JSON.stringify(state);
}"""


@pytest.mark.parametrize("locks", [True, False], ids=["locks", "without"])
def test_five_tabs_at_once_show_one_panel(scene, guests, browser, locks):
    unlock = "" if locks else "delete Navigator.prototype.locks;"
    for _ in range(2):
        given = scene()
        url = given.page(head=f"<script>{unlock}{STUB}zeroten('identify', 'u-1')</script>")
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
        # Those that ask in the same instant may all be asking; one is let.
        assert (shown, given.tickets()) == (1, 1)


def shown_in(tabs):
    return sum(tab.panel().count() for tab in tabs)


def test_answered_in_one_tab_it_closes_in_the_other(scene, guests):
    given = scene()
    # Nothing is kept in storage then: each tab is somebody else to the server, and both ask.
    url = given.page(head=f"<script>{PRIVATE}</script>")
    first = guests()
    first.open(url)
    second = guests(first.page.context)
    second.open(url)

    first.page.bring_to_front()
    first.score(9)

    second.panel().wait_for(state="detached")
    assert first.heading() == "What do you value most?"
    eventually(lambda: 9 in [one["score"] for one in given.responses()])


def test_answered_elsewhere_while_hidden_it_is_gone_on_the_way_back(scene, guest):
    given = scene()
    guest.open(given.page(head=HIDING))

    # An answer given here is no reason to go.
    guest.score(9)
    guest.page.evaluate("hide(true)")
    guest.page.evaluate("hide(false)")
    assert guest.heading() == "What do you value most?"
    guest.page.evaluate("hide(true)")
    guest.page.evaluate(ANSWERED_ELSEWHERE, [f"zeroten.{given.key}.state", given.survey_ids[0]])
    guest.page.evaluate("hide(false)")

    guest.panel().wait_for(state="detached")


def test_answered_elsewhere_it_closes_at_once(scene, guests):
    given = scene()
    first = guests().open(given.page())
    first.page.wait_for_function(f"localStorage['zeroten.{given.key}.state']?.includes('shownAt')")
    second = guests(first.page.context)
    second.page.goto(given.page(path="/other", tag=""))

    second.page.evaluate(ANSWERED_ELSEWHERE, [f"zeroten.{given.key}.state", given.survey_ids[0]])

    first.panel().wait_for(state="detached")


def test_an_answer_that_came_too_late_is_given_up_and_nobody_is_told(scene, guest):
    guest.expect_trouble()  # The browser tells of the 409.
    given = scene()
    tries = []

    def refuse(route):
        tries.append(route.request.post_data)
        route.fulfill(status=409, headers={"Access-Control-Allow-Origin": "*"})

    guest.open(given.page())
    eventually(lambda: given.responses())
    guest.page.context.route("**/v1/responses", refuse)

    guest.score(2)
    guest.panel().get_by_role("textbox").fill("Too late")
    guest.button("Send").click()

    assert guest.heading() == "Thank you!"
    kept = f"localStorage['zeroten.{given.key}.queue']"
    guest.page.wait_for_function(f"!{kept}")
    assert len(tries) == 2
