import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.pages import PageRule, matches, page_path, page_template


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("", "/"),
        ("/", "/"),
        ("/reports/42?token=x#part", "/reports/42"),
        ("/reports/42/", "/reports/42"),
        ("https://app.example.com/reports?x=1", "/reports"),
        ("https://app.example.com", "/"),
        ("reports", "/reports"),
        ("#/hash", "/"),
    ],
)
def test_a_path_has_no_host_query_or_fragment(address, path):
    assert page_path(address) == path


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


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("/a/*", "/a/b", True),
        ("/a/*", "/a", False),
        ("/a/*", "/a/b/c", False),
        ("/a/**", "/a", True),
        ("/a/**", "/a/b/c", True),
        ("/**/c", "/a/b/c", True),
        ("/**", "/", True),
        ("/a", "/A", False),
    ],
)
def test_a_star_is_one_segment_and_two_are_any_number(pattern, path, fits):
    assert matches(pattern, path) is fits


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
