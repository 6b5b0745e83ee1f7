"""From an empty project to its first answer, in a browser, with the widget in a page of a host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.contracts.serving import Project, Server, eventually, make_project
from tests.dashboard import join
from tests.e2e.dashboard.conftest import WATCH, is_fault, picture, sign_in, violations
from tests.e2e.widget.host import Host

EMAIL = "ann@example.com"
# The live check looks every five seconds; a busy machine takes its time.
SEEN_MS = 60_000
ASKED_MS = 60_000


@pytest.fixture
def empty(tmp_path_factory: Any) -> Iterator[Project]:
    """A project that nothing was done for yet."""
    server = Server(tmp_path_factory.mktemp("newcomer"), more={"INSECURE_COOKIES": "1"}).start()
    project = make_project(server, origins=[])
    join(server.db, project.id, "owner", EMAIL)
    yield project
    server.stop()


@pytest.fixture
def newcomer(browser: Browser) -> Iterator[Page]:
    """Somebody's browser, whose page notices faults and what its policy stops."""
    faults: list[str] = []
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.add_init_script(WATCH)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: is_fault(said, None) and faults.append(said.text))
    yield page
    broken = page.evaluate("window.broken ?? []")
    context.close()
    assert (faults, broken) == ([], [])


@pytest.fixture
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """A user of the host's product, in a browser of their own."""
    context = browser.new_context()
    yield context
    context.close()


def test_a_newcomer_goes_from_an_empty_project_to_the_first_answer(empty, host, newcomer, visitor):
    page = newcomer
    sign_in(page, empty.server.url, EMAIL)
    shown(page, "first-steps")

    name_the_pages(page, host)
    copy_the_tag(page, host)
    start_a_survey(page)
    answer_on_the_page(visitor, host)

    page.get_by_role("link", name="Home").click()
    eventually(lambda: page.reload() and page.get_by_text("Love it").count(), within_s=60)
    expect(page.get_by_text("1 person by their last answer")).to_be_visible()
    shown(page, "first-answer")
    page.get_by_role("link", name="Inbox", exact=True).first.click()
    expect(page.get_by_role("listitem").filter(has_text="Love it")).to_contain_text("ada")
    shown(page)


def name_the_pages(page: Page, host: Host) -> None:
    """Follow the first step: which pages may ask."""
    page.get_by_role("link", name="Name the pages").click()
    expect(page.get_by_text("The list is empty, so no page may ask.")).to_be_visible()
    page.get_by_label("Origins, one a line").fill(host.origin)
    shown(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved")
    page.get_by_role("link", name="Home").click()


def copy_the_tag(page: Page, host: Host) -> None:
    """Follow the second: put the copied tag into a page of the host, and see that it is seen."""
    page.get_by_role("link", name="Copy the tag").click()
    expect(page.get_by_text("No page with the tag has been seen yet.")).to_be_visible()
    tag, identify = copied(page, "Copy the tag"), copied(page, "Copy the call")
    put_up(host, tag, identify)

    product = page.context.new_page()
    product.goto(host.origin + "/app")
    product.close()
    seen = page.get_by_text(f"A page at {host.origin} was seen with the tag")
    expect(seen).to_be_visible(timeout=SEEN_MS)
    shown(page, "first-page-seen")
    page.get_by_role("link", name="Home").click()


def copied(page: Page, name: str) -> str:
    """Press a button that copies; return what is in the clipboard then."""
    page.get_by_role("button", name=name).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    expect(page.get_by_role("button", name="Copied")).to_have_count(0)
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def start_a_survey(page: Page) -> None:
    """Follow the third: a survey from a template, its words looked at, then out."""
    page.get_by_role("link", name="Start a survey").click()
    expect(page.get_by_role("heading", name="No survey yet")).to_be_visible()
    page.get_by_role("radio", name="Recommendation").check()
    shown(page)
    page.get_by_role("button", name="Write it").click()
    expect(page.frame_locator("iframe.preview").get_by_role("radio")).to_have_count(11)
    page.get_by_role("button", name="Save the draft").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved as a draft")
    expect(page.get_by_text("Nobody has been seen in the last 90 days")).to_be_visible()
    shown(page)
    page.get_by_label("First turns spread over, days").fill("0")
    page.get_by_label("Nobody before so many days here").fill("0")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("Saved")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("status").first).to_contain_text("It is out")
    shown(page, "first-survey-out")
    page.get_by_role("link", name="Home").click()
    expect(page.get_by_text("Everything stands")).to_be_visible()
    shown(page)


def answer_on_the_page(visitor: BrowserContext, host: Host) -> None:
    """Answer the question where it comes up in the host's page."""
    page = visitor.new_page()
    page.goto(host.origin + "/app")
    panel = page.locator("zeroten-survey")
    nine = panel.get_by_role("radio").nth(9)
    expect(nine).to_be_visible(timeout=ASKED_MS)
    picture(page, "first-question")
    # A person does not click within the first half second, and such clicks are not taken.
    page.wait_for_timeout(800)
    panel.locator("label").filter(has_text="9").click()
    panel.get_by_role("textbox").fill("Love it")
    panel.get_by_role("button", name="Send").click()
    expect(panel.get_by_text("Thank you")).to_be_visible()


def put_up(host: Host, tag: str, identify: str) -> None:
    """Put what was copied into the host's page, for a user named Ada."""
    call = identify.replace("user-42", "ada")
    html = f"""<!doctype html><html lang="en"><title>Reports</title>
<meta name="viewport" content="width=device-width">
<body style="font-family: system-ui; margin: 3rem">
<h1>Reports</h1><p>Here is what your team did this month.</p>
{tag}<script>{call}</script></body></html>"""
    host.pages["/app"] = (html, {})


def shown(page: Page, name: str = "") -> None:
    """Look at a step: nothing wrong for anybody; a picture of it for the guide."""
    assert violations(page) == [], page.url
    if name:
        picture(page, name)
