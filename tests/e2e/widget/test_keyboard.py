"""The keyboard alone is enough, and stays the page's own (WIDGET_BROWSER B5, B8)."""

from __future__ import annotations

from tests.contracts.serving import eventually

QUESTION = "How likely are you to recommend us to a colleague?"
INSIDE = "document.querySelector('zeroten-survey').shadowRoot.activeElement"


def checked(guest):
    return guest.panel().locator(":checked").get_attribute("value")


def states(given):
    return [one["state"] for one in given.responses()]


def test_the_keyboard_alone_answers_and_arrows_commit_nothing(scene, guest):
    given = scene()
    guest.open(given.page("<button id=last>Last of the page</button>"))
    press = guest.page.keyboard.press
    guest.page.locator("#last").focus()
    press("Tab")
    assert guest.page.evaluate(f"{INSIDE}.value") == "0"
    assert guest.panel().locator(":checked").count() == 0

    press("Space")
    assert checked(guest) == "0"
    press("ArrowRight")
    press("ArrowDown")
    assert checked(guest) == "2"
    press("ArrowLeft")
    assert checked(guest) == "1"
    press("ArrowUp")
    press("ArrowUp")
    assert checked(guest) == "10"
    press("ArrowRight")
    assert checked(guest) == "0"
    press("1")
    press("0")
    assert checked(guest) == "10"
    press("9")
    assert checked(guest) == "9"
    assert guest.heading() == QUESTION
    assert "completed" not in states(given)

    press("Enter")
    assert guest.heading() == "What do you value most?"
    assert guest.page.evaluate(f"{INSIDE}.id") == "h"
    press("Tab")
    guest.page.keyboard.type("Typed")
    press("Control+Enter")
    assert guest.heading() == "Thank you!"
    press("Escape")

    assert guest.panel().count() == 0
    eventually(lambda: states(given) == ["completed"])
    assert [(one["score"], one["comment"]) for one in given.responses()] == [(9, "Typed")]


def test_arrows_and_digits_alone_send_nothing(scene, guest):
    given = scene()
    # Time stands still: what the keyboard rests on is saved only after a second.
    guest.stop_clock()
    guest.page.goto(given.page())
    guest.page.wait_for_function("window.zeroten?.loaded")
    guest.page.clock.run_for(500)
    guest.panel().get_by_role("radio").first.focus()
    # A showing is told after five seconds, were there no answer.
    guest.page.clock.run_for(5500)
    eventually(lambda: states(given) == ["shown"])
    sent = []
    guest.page.on("request", lambda one: sent.append(one.url) if "/v1/" in one.url else None)

    for key in ("ArrowRight", "ArrowDown", "Space", "ArrowLeft", "7", "1", "0"):
        guest.page.keyboard.press(key)
        guest.page.clock.run_for(100)

    assert (sent, guest.heading()) == ([], QUESTION)
    guest.page.clock.run_for(1000)
    eventually(lambda: [one["score"] for one in given.responses()] == [10])
    assert guest.panel().get_by_role("radio").count() == 11
    guest.button("Next").click()
    assert guest.heading() == "What do you value most?"


def test_keys_belong_to_the_page_unless_focus_is_in_the_panel(scene, guest):
    keys = ["Escape", "Control+Enter", "Tab"]
    heard = ["Escape", "Control", "Enter", "Tab"]
    given = scene()
    guest.open(
        given.page(
            "<input id=field><script>keys=[];document.addEventListener('keydown',"
            "e=>keys.push(e.key))</script>"
        )
    )
    guest.page.locator("#field").focus()
    for key in keys:
        guest.page.keyboard.press(key)
    assert guest.page.evaluate("keys") == heard
    assert guest.panel().count() == 1

    guest.panel().get_by_role("radio").first.focus()
    guest.page.keyboard.press("s")
    guest.page.keyboard.press("Escape")

    assert guest.panel().count() == 0
    assert guest.page.evaluate("keys") == heard
