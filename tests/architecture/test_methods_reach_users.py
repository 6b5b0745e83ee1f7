"""What METHODS defines is what routes, pages, commands and jobs compute, by the calls in the code.

Many definitions take one case at a time, while the product computes all at once: those share the
formula, a function of the domain that both call, and tests/domain holds the two equal.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.domain.test_stats_vectors import HOME, VECTORS

ROOT = Path(__file__).resolve().parents[2]
USERS_MEET = ("backend.api.", "backend.web.", "backend.cli.", "backend.jobs.")
FORMULAS = ("backend.domain.insights.", "backend.domain.nps.")
# docs/decisions/definitions-not-called.md
ON_PURPOSE = {"poststratify", "latest_per_user"}


@pytest.fixture(scope="module")
def reached():
    """The functions that something a user meets calls, over however many others."""
    calls = dict(all_calls())
    found, waiting = set(), [name for name in calls if name.startswith(USERS_MEET)]
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            waiting += calls.get(name, ())
    return found, calls


@pytest.mark.parametrize("name", sorted(set(VECTORS["functions"]) - ON_PURPOSE))
def test_a_definition_reaches_a_user(reached, name):
    found, calls = reached
    definition = f"{HOME[name]}.{name}"

    shared = {one for one in calls[definition] & found if one.startswith(FORMULAS)}
    assert definition in found or any(is_function(one) for one in shared), definition


@pytest.mark.parametrize("name", sorted(ON_PURPOSE))
def test_what_is_left_out_on_purpose_is_still_so(reached, name):
    assert f"{HOME[name]}.{name}" not in reached[0]


def is_function(name: str) -> bool:
    last = name.rpartition(".")[2]
    return last.islower()


def all_calls() -> Iterator[tuple[str, set[str]]]:
    """Yield each name at the top of a module with the names of ours that it speaks of."""
    for path in (ROOT / "backend").rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        tree = ast.parse(path.read_text())
        known = dict(imported(tree)) | {name: f"{module}.{name}" for name, _ in tops(tree)}
        for name, node in tops(tree):
            yield f"{module}.{name}", set(spoken_of(node, known))


def imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("backend"):
            for one in node.names:
                yield one.asname or one.name, f"{node.module}.{one.name}"


def tops(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from ((one.id, node) for one in targets if isinstance(one, ast.Name))


def spoken_of(node: ast.stmt, known: dict[str, str]) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and one.id in known:
            yield known[one.id]
        elif isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name):
            yield f"{known.get(one.value.id, one.value.id)}.{one.attr}"
