"""From the sign-in on, as people go: to the planted feature, to a campaign, by keyboard alone."""

from __future__ import annotations

import re

from playwright.sync_api import expect


def test_the_planted_feature_is_found_and_leads_to_its_people(demo, guest):
    page = guest()
    page.goto(demo["dashboard"])
    page.get_by_role("link", name="Explore").click()
    page.get_by_role("link", name="Features and pages").click()

    table = page.get_by_role("region", name="Association of features with the score")
    expect(table.or_(page.get_by_text("From 100 answers on")).first).to_be_visible()
    people = page.get_by_role("link", name=re.compile("^People who use"))
    if people.count():
        people.first.click()
        expect(page.get_by_role("heading", name="Everybody who answered")).to_be_visible()


def test_people_drawn_in_the_plot_are_saved_as_a_segment_and_get_a_survey(demo, guest):
    page = guest()
    page.goto(demo["url"] + "/explore/active-use")
    plot = page.locator("svg.scatter.wide")
    box = plot.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] - 60, steps=5)
    page.mouse.up()
    expect(page.locator("#picked")).to_contain_text("answers")
    assert page.get_by_label("detractors").is_checked()

    page.get_by_role("button", name="See who they are").click()
    page.get_by_text("Save as a segment").click()
    page.get_by_label("Name", exact=True).fill("Drawn in the plot")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("row", name=re.compile("Drawn in the plot"))).to_contain_text(
        "last score"
    )

    page.get_by_role("button", name="Draft a survey for Drawn in the plot").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("For Drawn in the plot")
    page.goto(demo["url"] + "/explore/segments")
    page.locator("summary", has_text="Remove Drawn in the plot").click()
    page.get_by_role("button", name="Remove Drawn in the plot").click()
    expect(page.get_by_text("None yet.")).to_be_visible()


def test_a_member_is_invited_by_keyboard_alone(demo, guest):
    page = guest()
    page.goto(demo["url"] + "/settings/members")
    field = page.get_by_label("E-mail address")
    for _ in range(60):
        page.keyboard.press("Tab")
        if field.evaluate("(one) => one === document.activeElement"):
            break
    page.keyboard.type("eve@example.com")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="The link for eve@example.com")).to_be_visible()
    page.get_by_role("button", name="Take back the invitation of eve@example.com").press("Enter")
    expect(page.get_by_text("Taken back")).to_be_visible()


def test_a_lost_connection_while_importing_loses_nothing(demo, guest, tmp_path):
    page = guest(allows="ERR_FAILED")
    page.goto(demo["url"] + "/settings/import")
    file = tmp_path / "answers.csv"
    file.write_text("score,date\n" + "\n".join(f"9,2026-01-{day:02}" for day in range(1, 11)))
    page.get_by_label("CSV file with a heading").set_input_files(file)
    page.get_by_role("button", name="Look at the file").click()
    expect(page.get_by_text("Nothing is stored yet.")).to_be_visible()

    page.route("**/settings/import*", lambda route: route.abort())
    button = page.get_by_role("button", name=re.compile(r"^Import \d+ answers"))
    button.click()
    expect(page.get_by_text("The connection was lost")).to_be_visible()
    expect(button).to_be_enabled()
