"""A survey from a template to the page; the forecast; why somebody was not asked."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.dashboard.conftest import picture, violations

# Everybody is judged for a count, which takes a while on a busy machine.
COUNTED_MS = 20_000


@pytest.fixture
def drafted(demo, guest):
    """The editor of a new draft; it is archived at the end, as the demo had one survey."""
    page = guest(allows="422|412|ERR_FAILED|403")
    page.goto(demo["url"] + "/surveys")
    page.get_by_role("radio", name="Feature feedback").check()
    picture(page, "survey-templates")
    page.get_by_label("Name").fill("About exports")
    page.get_by_role("button", name="Write it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Words and looks")
    address = page.url
    yield page
    page.unroute_all()
    page.evaluate("onbeforeunload = null")
    page.goto(re.sub(r"/edit.*", "", address))
    for status in ("Pause", "Archive"):
        if page.get_by_role("button", name=status, exact=True).is_visible():
            page.get_by_role("button", name=status, exact=True).click()


def test_a_survey_is_written_from_a_template_seen_live_and_published(drafted):
    page = drafted
    preview = page.frame_locator("iframe.preview")
    expect(preview.get_by_role("heading")).to_have_text("How useful is this feature to you?")

    page.get_by_label("Question", exact=True).first.fill("How useful are exports to you?")
    expect(preview.get_by_role("heading")).to_have_text("How useful are exports to you?")
    page.get_by_role("button", name="One of several").click()
    expect(page.get_by_label("Question", exact=True).nth(3)).to_be_focused()
    page.keyboard.type("Where do you open them?")
    page.get_by_label("Options, a line each").last.fill("Excel\nNumbers\nA script of ours")
    page.get_by_label("Asked").last.select_option(label="score is satisfied")
    page.get_by_label("Step").select_option(label="Question 4")
    expect(preview.get_by_role("heading")).to_have_text("Where do you open them?")
    page.get_by_label("Width").select_option("phone")
    page.get_by_label("Colour, on light").fill("#6b2fb3")
    page.get_by_label("Step").select_option(label="Question 2")
    expect(preview.get_by_text("It should be faster")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("Width").select_option("desktop")
    expect(page.locator("iframe.phone")).to_have_count(0)
    expect(preview.get_by_text("It should be faster")).to_be_visible()
    page.evaluate("scrollTo(0, 0)")
    picture(page, "survey-editor")

    page.get_by_role("button", name="Save the draft").click()
    expect(page.get_by_role("status")).to_contain_text("Saved as a draft")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("status")).to_contain_text("It is out")
    page.get_by_role("link", name="Edit words and looks").click()
    page.get_by_label("Question", exact=True).first.fill("How useful are our exports to you?")
    page.get_by_role("button", name="Save the draft").click()
    expect(page.get_by_text("What publishing changes, against version 1")).to_be_visible()
    picture(page, "survey-changes")
    assert violations(page) == []


def test_faults_are_led_to_and_a_lost_connection_loses_nothing(drafted):
    page = drafted
    first = page.get_by_label("Question", exact=True).first
    first.fill("")
    page.get_by_role("button", name="Save the draft").click()
    page.get_by_role("link", name="Question 1, text, en").click()
    expect(page.get_by_label("Question", exact=True).first).to_be_focused()

    page.keyboard.type("Is it useful?")
    page.route("**/edit*", lambda route: route.abort())
    page.get_by_role("button", name="Save the draft").click()
    expect(page.get_by_role("alert")).to_contain_text("the server cannot be reached")
    expect(first).to_have_value("Is it useful?")
    page.unroute_all()

    page.get_by_role("button", name="Save the draft").click()
    expect(page.get_by_role("status")).to_contain_text("Saved as a draft")


def test_of_two_who_write_at_once_all_is_kept_and_only_what_both_changed_is_asked(drafted, guest):
    hers, his = drafted, guest(allows="412")
    his.goto(hers.url)
    hers.get_by_label("Question", exact=True).first.fill("Hers?")
    hers.get_by_label("Low end", exact=True).first.fill("Never")
    hers.get_by_role("button", name="Save the draft").click()
    expect(hers.get_by_role("status")).to_contain_text("Saved as a draft")

    his.get_by_label("Question", exact=True).first.fill("His?")
    his.get_by_label("High end", exact=True).first.fill("Always")
    his.get_by_role("button", name="Save the draft").click()

    difference = his.get_by_role("row", name="Words en, score, text")
    expect(difference).to_contain_text("Hers?")
    expect(difference).to_contain_text("His?")
    expect(his.get_by_label("Low end", exact=True).first).to_have_value("Never")
    expect(his.get_by_label("High end", exact=True).first).to_have_value("Always")
    picture(his, "survey-conflict")
    assert violations(his) == []
    expect(his.get_by_label("Question", exact=True).first).to_have_value("His?")
    his.get_by_role("button", name="Take theirs here").click()
    expect(his.get_by_label("Question", exact=True).first).to_have_value("Hers?")
    his.get_by_role("button", name="Save the draft").click()
    expect(his.get_by_role("status")).to_contain_text("Saved as a draft")


def test_an_audience_is_written_in_rows_and_counted_live(drafted):
    page = drafted
    page.goto(page.url.replace("/edit", "/audience"))
    counted = page.locator("#count")
    expect(counted).to_contain_text("In words: everybody.")

    page.get_by_role("button", name="Add a condition").click()
    page.get_by_label("Name", exact=True).fill("role")
    page.get_by_label("Value", exact=True).fill("admin")
    expect(counted).to_contain_text("In words: role is admin.", timeout=COUNTED_MS)
    page.get_by_role("button", name="Add a condition").click()
    second = page.get_by_role("group", name="Condition 2")
    second.get_by_label("About").first.select_option("percentile")
    second.get_by_label("Comparison").first.select_option("gte")
    second.get_by_label("Value", exact=True).fill("many")
    expect(second).to_contain_text("takes a number", timeout=COUNTED_MS)
    second.get_by_label("Value", exact=True).fill("50")
    expect(counted).to_contain_text(
        "role is admin and percentile of active use is at least 50.", timeout=COUNTED_MS
    )
    expect(page.get_by_text("takes a number")).to_have_count(0)
    picture(page, "audience")
    assert violations(page) == []

    page.get_by_text("As JSON", exact=True).click()
    expect(page.get_by_label("The rule as JSON")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("For role is admin and percentile")).to_be_visible()


def test_a_rate_is_raised_with_its_forecast(demo, guest):
    page = guest()
    page.goto(demo["url"] + "/surveys/" + demo["survey_id"])
    before = page.get_by_label("In the sample, percent of people").nth(1).input_value()
    try:
        for rate in ("20", "60"):
            page.get_by_role("slider").fill(rate)
            expect(page.get_by_role("heading", name="What this would bring")).to_be_visible()
            page.get_by_role("button", name="Save", exact=True).click()
            expect(page.get_by_role("status").first).to_contain_text("Saved; it acts")
        page.get_by_role("slider").fill("90")
        expect(page.get_by_role("heading", name="What this would bring")).to_be_visible()
        expect(page.get_by_text("answers in")).to_be_visible()
        picture(page, "survey")
    finally:
        page.goto(demo["url"] + "/surveys/" + demo["survey_id"])
        page.get_by_label("In the sample, percent of people").nth(1).fill(before)
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("status").first).to_contain_text("Saved; it acts")


def test_why_a_given_person_was_not_asked_is_one_question(demo, guest):
    page = guest()
    page.goto(demo["url"] + "/inbox")
    # Whoever has just answered is not asked again.
    person = page.locator(".comments > li a").first.inner_text()
    page.goto(demo["url"] + "/surveys/" + demo["survey_id"])

    page.get_by_label("Why (not) this person?").fill(person)
    page.get_by_role("button", name="Explain").click()

    expect(page.get_by_role("heading", name=f"{person}, now")).to_be_visible()
    expect(page.get_by_text("Not asked")).to_be_visible()
    expect(page.get_by_role("row", name="rested after answer failed")).to_be_visible()
    picture(page, "explain")
    assert violations(page) == []
