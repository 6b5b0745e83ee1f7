import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.pages import PageRule, matches, page_path, page_template

VECTORS = Path(__file__).parent.parent / "vectors" / "pages.json"
CASES = json.loads(VECTORS.read_text())["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_paths_and_patterns_mean_what_they_mean_in_the_page(case):
    if "pattern" in case:
        assert matches(case["pattern"], case["path"]) is case["fits"]
    else:
        assert page_path(case["address"]) == case["path"]


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/reports/42", "/reports/:id"),
        ("/reports/42/edit", "/reports/:id/edit"),
        ("/u/6f1c9a52-5b1f-4c55-9a3d-0f2b7f7e9c11", "/u/:id"),
        ("/c/9f86d081884c7d65", "/c/:id"),
        ("/t/dQw4w9WgXcQ", "/t/:id"),
        ("/blog/report-2026", "/blog/:id"),
        ("/v2/reports", "/v2/reports"),
        ("/settings", "/settings"),
        ("/top5", "/top5"),
        ("/:id", "/:id"),
    ],
)
def test_ids_in_a_path_are_folded(path, template):
    assert page_template(path) == template


def test_the_projects_first_matching_rule_wins():
    rules = [PageRule("/docs/**", "/docs"), PageRule("/docs/*", "/doc")]
    assert page_template("/docs/a/b?x", rules) == "/docs"
    assert page_template("/other/7", rules) == "/other/:id"


def test_a_pattern_of_many_stars_takes_no_time():
    began = time.perf_counter()
    assert not matches("/**/a" * 20 + "/b", "/a" * 200)
    assert time.perf_counter() - began < 1


@given(st.text(max_size=300))
def test_a_template_is_short_and_its_own_template(address):
    template = page_template(address)
    assert len(template) <= 200
    assert template.startswith("/")
    assert "?" not in template
    assert "#" not in template
