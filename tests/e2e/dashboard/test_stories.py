"""What people come to the dashboard for, from the first page on."""

from __future__ import annotations

import re

from playwright.sync_api import expect


def test_the_score_is_read_and_narrowed_to_a_role(demo, guest):
    page = guest()
    page.goto(demo["dashboard"])
    expect(page.get_by_role("heading", name="Score")).to_be_visible()

    page.get_by_role("link", name="Explore").click()
    page.get_by_role("table").get_by_role("link").first.click()

    expect(page.get_by_label("Narrowed to")).to_contain_text("Role:")
    assert re.search(r"segment=role%3A\w+", page.url)


def test_the_top_tenth_of_passives_get_a_survey_of_their_own(demo, guest):
    page = guest()
    page.goto(demo["url"] + "/explore/active-use/people")

    page.get_by_role("button", name="Draft a survey for people like these").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(
        "For passives in the top tenth of active use"
    )
    expect(page.get_by_text("never published")).to_be_visible()


def test_the_forecast_follows_the_slider_and_the_preview_draws_the_widget(demo, guest):
    page = guest()
    page.goto(demo["url"] + "/surveys/" + demo["survey_id"])
    preview = page.frame_locator("iframe.preview")
    expect(preview.get_by_role("radio")).to_have_count(11)

    page.get_by_role("slider").fill("40")

    expect(page.get_by_role("heading", name="What this would bring")).to_be_visible()
    expect(page.get_by_label("In the sample, percent of people").nth(1)).to_have_value("40")
    page.get_by_label("Step").select_option("thanks")
    expect(preview.get_by_text("Thank you", exact=False).first).to_be_visible()


def test_the_first_tab_stop_skips_to_the_content(demo, guest):
    page = guest()
    page.goto(demo["dashboard"])

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("main")).to_be_focused()
