"""What people ask of every page: their colours, more contrast, no motion (WIDGET_BROWSER B13)."""

from __future__ import annotations

import base64

import pytest

from tests.e2e.widget.guest import picture

# How many of a cell's pixels must change for it to be seen; a ring of 2 px round 24 px is 30 %.
SEEN = 0.08
COMPARE = """async pictures => {
  const pixels = await Promise.all(pictures.map(async text => {
    const image = new Image();
    image.src = 'data:image/png;base64,' + text;
    await image.decode();
    const {width, height} = image;
    const canvas = Object.assign(document.createElement('canvas'), {width, height});
    const pen = canvas.getContext('2d');
    pen.drawImage(image, 0, 0);
    return pen.getImageData(0, 0, width, height).data;
  }));
  const [one, other] = pixels;
  let changed = 0;
  for (let at = 0; at < one.length; at += 4)
    if ([0, 1, 2].some(part => Math.abs(one[at + part] - other[at + part]) > 60)) changed++;
  return changed / (one.length / 4);
}"""
PREFERENCES = {
    "forced-colors": {"forced_colors": "active"},
    "forced-colors-dark": {"forced_colors": "active", "color_scheme": "dark"},
    "more-contrast": {"contrast": "more"},
    "reduced-motion": {"reduced_motion": "reduce"},
}


@pytest.mark.parametrize("name", PREFERENCES)
def test_what_is_checked_and_what_has_the_focus_can_be_seen(scene, guests, name):
    given = scene()
    guest = guests(**PREFERENCES[name])
    guest.open(given.page())
    cells = guest.panel().locator("label")
    box = cells.nth(7).bounding_box()
    clip = {key: box[key] + by for key, by in (("x", -3), ("y", -3), ("width", 6), ("height", 6))}

    def look():
        return base64.b64encode(guest.page.screenshot(clip=clip)).decode()

    plain = look()
    guest.panel().get_by_role("radio").nth(6).focus()
    guest.page.keyboard.press("7")
    both = look()
    picture(guest, name)
    guest.button("Next").focus()
    checked = look()

    compare = guests().page
    compare.goto("about:blank")
    assert compare.evaluate(COMPARE, [plain, checked]) > SEEN
    assert compare.evaluate(COMPARE, [checked, both]) > SEEN
    longest = guest.panel().evaluate(
        "host => Math.max(0, ...host.getAnimations({subtree: true})"
        ".map(one => one.effect.getComputedTiming().duration))"
    )
    assert longest <= (10 if name == "reduced-motion" else 500)
