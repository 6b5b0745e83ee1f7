"""Ten comments followed up by keyboard; nothing written is lost, whatever happens meanwhile."""

from __future__ import annotations

import json
import urllib.request

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.dashboard.conftest import picture, violations


@pytest.fixture
def inbox(demo, guest):
    """The inbox; what was done in it is undone at the end."""
    page = guest(allows="ERR_FAILED|403")
    page.goto(demo["url"] + "/inbox")
    yield page
    page.unroute_all()
    clean = {"status": "new", "assignee_id": None, "tags": [], "note": ""}
    for item in rest(demo, "GET", "/responses?has_comment=true&limit=200")["items"]:
        if any(item[name] != value for name, value in clean.items()):
            rest(demo, "PATCH", f"/responses/{item['id']}", clean)


def rest(demo, method, path, body=None):
    headers = {"Authorization": "Bearer " + demo["admin_token"], "If-Match": "*"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        demo["api"] + path,
        data,
        headers | {"Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def test_ten_comments_are_followed_up_by_keyboard_without_leaving_the_page(demo, inbox):
    inbox.evaluate("window.isSamePage = true")
    items = inbox.locator(".comments > li")

    for place in range(10):
        inbox.keyboard.press("j")
        expect(items.nth(place)).to_be_focused()
        inbox.keyboard.press("a" if place == 3 else "c")
        if place == 3:
            inbox.keyboard.press("p")
            inbox.keyboard.press("t")
            inbox.keyboard.type("closing, reports")
            inbox.keyboard.press("Tab")
            inbox.keyboard.type("Ask for a quote: c, j and ? are only letters here.")
            inbox.keyboard.press("Control+Enter")
            expect(items.nth(place)).to_contain_text("#closing")
        status = "In progress" if place == 3 else "Closed"
        expect(items.nth(place).get_by_label("Status").locator(":checked")).to_have_text(status)
        expect(items.nth(place)).to_be_focused()
    expect(items.nth(9)).to_have_class("comment closed")
    items.nth(3).focus()
    inbox.evaluate("scrollTo(0, 0)")
    picture(inbox, "inbox")
    expect(inbox.locator("#heard")).to_have_text("Closed.")
    assert violations(inbox) == []

    inbox.get_by_role("search").get_by_label("Status").select_option("closed")
    expect(items).to_have_count(9)
    assert "status=closed" in inbox.url
    inbox.go_back()
    expect(items).to_have_count(30)
    assert inbox.evaluate("window.isSamePage")
    assert len(rest(demo, "GET", "/responses?status=closed")["items"]) == 9


def test_tags_typed_while_a_key_is_being_saved_stay_and_stay_typing(inbox):
    first = inbox.locator(".comments > li").first
    held: list[Route] = []
    is_held = True

    def hold(route: Route) -> None:
        held.append(route) if is_held else route.continue_()

    inbox.route("**/responses/*", hold)
    inbox.keyboard.press("j")
    with inbox.expect_request("**/responses/*"):
        inbox.keyboard.press("a")
    inbox.keyboard.press("p")
    inbox.keyboard.press("t")
    inbox.keyboard.type("cloing")
    for _ in "ing":
        inbox.keyboard.press("ArrowLeft")

    is_held = False
    held.pop().continue_()
    expect(inbox.locator("#heard")).to_have_text("In progress.")
    expect(first.get_by_label("Tags")).to_be_focused()
    inbox.keyboard.type("s")
    inbox.keyboard.press("Control+Enter")

    expect(first).to_contain_text("#closing")
    expect(first).to_be_focused()
    expect(first.get_by_label("Status").locator(":checked")).to_have_text("In progress")


def test_a_note_opened_with_the_mouse_is_kept_by_what_is_saved_while_it_is_folded(demo, inbox):
    first = inbox.locator(".comments > li").first
    first.locator("summary").click()
    first.get_by_label("Note for the team").fill("Called twice.")
    first.get_by_role("button", name="Save").click()
    expect(first.locator("summary")).to_have_text("Called twice.")
    expect(first.get_by_label("Note for the team")).to_have_count(0)

    first.get_by_label("Status").select_option("closed")
    expect(inbox.locator("#heard")).to_have_text("Saved.")
    first.locator("summary").click()
    expect(first.get_by_label("Note for the team")).to_have_value("Called twice.")
    assert rest(demo, "GET", "/responses?status=closed")["items"][0]["note"] == "Called twice."


def test_the_keys_are_listed_and_can_be_switched_off(inbox):
    inbox.keyboard.press("?")
    expect(inbox.get_by_text("next comment, the one before")).to_be_visible()
    expect(inbox.get_by_text("Keys", exact=True)).to_be_focused()

    inbox.get_by_label("Letters act as keys").uncheck()
    inbox.keyboard.press("j")
    expect(inbox.locator(".comments > li").first).not_to_be_focused()
    inbox.get_by_label("Letters act as keys").check()


def test_a_lost_connection_loses_no_note(inbox):
    first = inbox.locator(".comments > li").first
    inbox.keyboard.press("j")
    inbox.keyboard.press("m")
    inbox.keyboard.type("Called twice.")
    inbox.route("**/responses/*", lambda route: route.abort())

    inbox.get_by_role("button", name="Save").first.click()
    expect(first.get_by_role("alert")).to_contain_text("the server cannot be reached")
    expect(first.get_by_label("Note for the team")).to_have_value("Called twice.")

    inbox.unroute_all()
    inbox.get_by_role("button", name="Save").first.click()
    expect(first).to_contain_text("Called twice.")
    expect(first.locator(".told")).to_be_hidden()


def test_a_session_that_ended_loses_no_note(inbox, cookies):
    first = inbox.locator(".comments > li").first
    inbox.context.clear_cookies()
    inbox.keyboard.press("j")
    inbox.keyboard.press("m")
    inbox.keyboard.type("Called twice.")
    inbox.keyboard.press("Control+Enter")
    expect(first.get_by_role("alert")).to_contain_text("you have been signed out")
    expect(first.get_by_label("Note for the team")).to_have_value("Called twice.")

    # Signed in anew: another session, whose token the page does not know yet.
    inbox.context.add_cookies(cookies)
    inbox.evaluate(
        "for (const input of document.querySelectorAll('[name=csrf_token]')) input.value = 'old'"
    )
    inbox.get_by_role("button", name="Save").first.click()
    expect(first.locator(".told")).to_be_hidden()
    expect(first.locator("summary")).to_have_text("Called twice.")
