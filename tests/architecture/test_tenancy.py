"""A query that forgets the project cannot be written by accident.

Every function of services, REST and dashboard that reads or changes a table with a project in it
speaks of the project, or stands below with the reason why it need not.
"""

import ast
from pathlib import Path

from backend.storage.models import Base

BACKEND = Path(__file__).parents[2] / "backend"
VERBS = {"select", "update", "delete", "insert", "get"}
TENANTS = {
    mapper.class_.__name__
    for mapper in Base.registry.mappers
    if "project_id" in mapper.local_table.columns
}
# What the others name a row by belongs to one project already, or is about all of them.
REASONS = {
    "by a survey, people, names or rows found in the project before": {
        "dry_run:asked_by_account", "history:_history", "history:_names", "history:_answers",
        "reach:_told", "privacy_export:_person", "users:_account",
    },
    "by a hash that has the project in it, or of a secret that only its owner has": {
        "imports:known", "imports:add", "invitations:_alive",
    },
    "by a member, or by time alone, across projects": {"invitations:reset", "invitations:_add"},
    "a job over all projects": {"profiles:_compute_some", "retention:_forget_tickets"},
}  # fmt: skip
FREE = set().union(*REASONS.values())


def tenant_queries(function: ast.AST) -> set[str]:
    """Return the tables with a project in them that a function's statements begin with."""
    found = set()
    for node in ast.walk(function):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = (
            node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        )
        first = node.args[0]
        model = first.value if isinstance(first, ast.Attribute) else first
        if name in VERBS and isinstance(model, ast.Name) and model.id in TENANTS:
            found.add(model.id)
    return found


def test_a_query_speaks_of_its_project():
    assert {"Survey", "Response", "User", "ApiKey", "Decision"} <= TENANTS
    forgotten, unscoped = [], set()
    for folder in ("services", "api", "web"):
        for path in sorted((BACKEND / folder).rglob("*.py")):
            source = path.read_text()
            for node in ast.walk(ast.parse(source)):
                if not isinstance(node, ast.FunctionDef) or not tenant_queries(node):
                    continue
                if "project" not in (ast.get_source_segment(source, node) or ""):
                    name = f"{path.stem}:{node.name}"
                    unscoped.add(name)
                    if name not in FREE:
                        forgotten.append(f"{path.relative_to(BACKEND)}:{node.name}")

    assert not forgotten, "\n".join(forgotten)
    assert unscoped >= FREE, "these need no exception any more"
