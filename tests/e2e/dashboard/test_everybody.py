"""Everybody can use the dashboard: axe on each page light and dark, small screens, no scripts."""

from __future__ import annotations

import pytest

from tests.e2e.dashboard.conftest import violations
from tests.e2e.dashboard.pages import DEMO

LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    # 320 px is a small phone, and 1280 px at 400 %.
    "narrow": {"viewport": {"width": 320, "height": 568}},
}


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_and_no_page_is_wider_than_its_screen(demo, guest, look):
    page = guest(**LOOKS[look])

    for path in DEMO:
        answer = page.goto(demo["url"] + path.format(**demo))
        assert answer.status == 200, path
        assert violations(page) == [], path
        width = "document.documentElement.scrollWidth - innerWidth"
        assert page.evaluate(width) <= 0, path


def test_without_scripts_a_segment_is_chosen_by_its_button(demo, guest):
    page = guest(java_script_enabled=False)
    page.goto(demo["url"] + "/explore")

    page.get_by_label("Narrow to").select_option("role:admin")
    page.get_by_role("button", name="Show").click()

    assert "segment=role%3Aadmin" in page.url
    assert page.get_by_text("Role: admin").is_visible()
