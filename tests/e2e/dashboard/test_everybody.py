"""Everybody can use the dashboard: axe on each page light and dark, small screens, no scripts."""

from __future__ import annotations

import pytest

from tests.e2e.dashboard.conftest import picture, violations
from tests.e2e.dashboard.pages import DEMO, PICTURES

LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    # 320 px is a small phone, and 1280 px at 400 %.
    "narrow": {"viewport": {"width": 320, "height": 568}},
}

# What takes the focus and then is out of sight, or under something else (WCAG 2.2, 2.4.11).
COVERED = """
[...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
.filter((one) => {
  one.focus();
  if (document.activeElement !== one || one.matches('[tabindex="-1"]')) return false;
  const [box] = one.getClientRects();
  const x = Math.min(Math.max(box.left + box.width / 2, 1), innerWidth - 1);
  const seen = document.elementFromPoint(x, box.top + Math.min(box.height, 40) / 2);
  const near = one.closest('label, fieldset') ?? one;
  return !(seen && (near.contains(seen) || seen.contains(one)));
}).map((one) => one.outerHTML.slice(0, 120))
"""


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_and_no_page_is_wider_than_its_screen(demo, guest, look):
    page = guest(**LOOKS[look])

    for path in DEMO:
        answer = page.goto(demo["url"] + path.format(**demo))
        assert answer.status == 200, path
        assert violations(page) == [], path
        width = "document.documentElement.scrollWidth - innerWidth"
        assert page.evaluate(width) <= 0, path
        if look == "light" and path in PICTURES:
            picture(page, PICTURES[path])


def test_without_scripts_a_segment_is_chosen_by_its_button(demo, guest):
    page = guest(java_script_enabled=False)
    page.goto(demo["url"] + "/explore")

    page.get_by_label("Narrow to").select_option("role:admin")
    page.get_by_role("button", name="Show").click()

    assert "segment=role%3Aadmin" in page.url
    assert page.get_by_text("Role: admin").is_visible()


def test_at_four_hundred_percent_nothing_is_cut_off_and_the_focus_is_always_seen(demo, guest):
    # A window of 1280 x 1024 whose page is at 400 % lays out 320 x 256 CSS pixels, each drawn as 4.
    page = guest(viewport={"width": 320, "height": 256}, device_scale_factor=4)

    for path in ("/", "/explore", "/inbox", "/surveys/{survey_id}", "/settings", "/settings/keys"):
        page.goto(demo["url"] + path.format(**demo))
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        assert page.evaluate(COVERED) == [], path
