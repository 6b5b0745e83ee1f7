from pathlib import Path

import pytest

from backend.services.insights import methods

DOCS = Path(__file__).parents[2] / "docs" / "methods.md"


@pytest.mark.parametrize("name", methods.names())
def test_every_method_is_explained_with_its_formula_and_an_example(name):
    _, _, part = DOCS.read_text().partition(f"\n## {name}\n")
    part = part.partition("\n## ")[0]

    assert "<summary>Formula and example</summary>" in part or name == "trend"
    assert part.count("*") >= 2
