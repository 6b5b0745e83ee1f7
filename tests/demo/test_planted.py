"""What was planted in the demo's world is what the insights find in it, and nothing else.

Whenever a demo is made it is the beginning of one and the same world, cut off at that time
(`services/demo/span.py`): so it is made once, to the end of its week, and looked at on each day.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import pytest

from backend.domain.insights.breakdown import breakdown_table
from backend.domain.insights.columns import Answers
from backend.domain.insights.drivers import drivers_table
from backend.services import demo
from backend.services.clock import to_ms
from backend.services.demo.truth import FEATURES, HEAVY_NULLS, PLANTED
from backend.storage.db import Database
from tests.demo.worlds import answers_of

HALF_A_DAY_MS = 43_200_000
# The last day that shares its first Monday, 180 days back, with the six days before.
LAST = datetime(2026, 11, 26, 23, 59, tzinfo=UTC)


@pytest.fixture(scope="module")
def whole(sqlite_template, tmp_path_factory) -> Answers:
    """The answers of the world that `make demo` makes, to the end of its week."""
    path = tmp_path_factory.mktemp("demo") / "zeroten.db"
    shutil.copyfile(sqlite_template, path)
    db = Database(f"sqlite:///{path}")
    try:
        return answers_of(db, demo.seed(db, now=LAST).project_id)
    finally:
        db.close()


@pytest.fixture(scope="module", params=range(14), ids=lambda half: f"{half / 2:g} days before")
def answers(request, whole) -> Answers:
    """Those of a demo made some days earlier."""
    return whole.select(whole.at < to_ms(LAST) - request.param * HALF_A_DAY_MS)


@pytest.fixture(scope="module")
def features(answers):
    return {row["name"]: row for row in drivers_table(answers)["features"]}


def clear(answers: Answers, dimension: str) -> dict[str, float]:
    """The values that differ clearly from all others, by their difference in points."""
    rows = breakdown_table(answers, dimension)
    return {row["value"]: row["difference"] for row in rows if row["clear"]}


def test_the_world_has_as_many_answers_as_a_real_one(answers):
    assert 1_300 <= len(answers) <= 2_500
    assert set(answers.score.tolist()) == set(range(11))


def test_planted_features_are_marked_with_their_sign(features):
    for name, effect in PLANTED.features.items():
        assert features[name]["marked"], name
        assert features[name]["adjusted"] * effect > 0


def test_features_without_effect_are_not_marked(features):
    marked = {name for name, row in features.items() if row["marked"]}

    assert marked == set(PLANTED.features)
    assert len(features) == len(FEATURES)


def test_popular_features_look_better_than_they_are_before_use_is_held_equal(features):
    crude = sum(features[name]["crude"] for name in HEAVY_NULLS) / len(HEAVY_NULLS)
    adjusted = sum(features[name]["adjusted"] for name in HEAVY_NULLS) / len(HEAVY_NULLS)

    assert crude > 2
    assert abs(adjusted) < crude


def test_planted_roles_differ_with_their_sign(answers):
    found = clear(answers, "role")

    assert {role for role in found if role in PLANTED.roles} == set(PLANTED.roles)
    assert all(found[role] * effect > 0 for role, effect in PLANTED.roles.items())


def test_the_planted_page_scores_lower(answers):
    found = clear(answers, "page")

    assert all(found[page] * effect > 0 for page, effect in PLANTED.pages.items())


def test_versions_from_the_planted_release_on_score_higher(answers):
    found = clear(answers, "version")

    assert found.get("4.9.0", 0) < 0
    assert max(found, key=found.__getitem__) in ("5.0.0", "5.1.0")
