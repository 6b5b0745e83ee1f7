"""Every statistic gives the numbers of the shared vectors, function by function."""

import json
import math
import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

DEFAULT = Path(__file__).parents[1] / "vectors" / "nps_stats.json"
VECTORS = json.loads(Path(os.environ.get("STATS_VECTORS", DEFAULT)).read_text())

MODULES = {
    "backend.domain.nps": ["classify", "nps_interval", "nps_difference"],
    "backend.domain.sampling": ["unit_hash", "phase_day", "pacing"],
    "backend.domain.insights.planning": [
        "required_n_per_group",
        "n_for_half_width",
        "minimum_detectable_change",
    ],
    "backend.domain.insights.repeats": ["paired_change"],
    "backend.domain.insights.landing": ["always_valid_difference", "always_valid_series"],
    "backend.domain.insights.drift": ["drift"],
    "backend.domain.insights.trend": ["bucket"],
    "backend.domain.insights.association": ["feature_association"],
    "backend.domain.insights.discovery": ["benjamini_hochberg"],
    "backend.domain.insights.weights": ["rake", "trim", "poststratify", "account_weights"],
    "backend.domain.insights.estimate": ["weighted_nps", "clustered_difference"],
    "backend.domain.insights.score": ["latest_per_user"],
    "backend.domain.insights.shrinkage": ["shrink"],
    "backend.domain.insights.privacy": ["suppress"],
    "backend.domain.insights.active_use": ["active_days", "percentile", "hotspots"],
    "backend.domain.insights.bias": ["representativity", "smd_continuous"],
    "backend.domain.insights.telling": ["term_association"],
}
HOME = {name: module for module, names in MODULES.items() for name in names}

NOT_YET_WRITTEN: set[str] = set()
"""Functions of the vectors that nobody has written; empty when all of METHODS is there."""

RELATIVE = {"drift": 1e-9}
ABSOLUTE = {"rake": 1e-8, "unit_hash": 0.0}

CASES = [
    pytest.param(name, case["input"], case["expected"], id=f"{name}-{i}-{case['name'][:40]}")
    for name, cases in VECTORS["functions"].items()
    if name not in NOT_YET_WRITTEN
    for i, case in enumerate(cases)
]


def implementation(name: str) -> Callable[..., Any]:
    return getattr(import_module(HOME[name]), name)


@pytest.mark.parametrize(("name", "given", "expected"), CASES)
def test_the_function_gives_the_expected_numbers(name, given, expected):
    found = implementation(name)(**given)

    assert_same(found, expected, name, name)


def test_every_function_of_the_vectors_has_a_home():
    assert set(VECTORS["functions"]) <= set(HOME) | NOT_YET_WRITTEN


def assert_same(found: Any, expected: Any, name: str, where: str) -> None:
    if isinstance(expected, dict):
        assert isinstance(found, dict), where
        assert set(found) == set(expected), where
        for key, value in expected.items():
            assert_same(found[key], value, name, f"{where}.{key}")
    elif isinstance(expected, list):
        assert isinstance(found, list), where
        assert len(found) == len(expected), where
        for i, value in enumerate(expected):
            assert_same(found[i], value, name, f"{where}[{i}]")
    elif expected is None or isinstance(expected, bool | str):
        assert found == expected, where
        assert type(found) is type(expected), where
    else:
        assert isinstance(found, int | float), where
        assert not isinstance(found, bool), where
        assert math.isclose(
            found, expected, rel_tol=RELATIVE.get(name, 0.0), abs_tol=ABSOLUTE.get(name, 1e-9)
        ), f"{where}: {found!r} is not {expected!r}"
