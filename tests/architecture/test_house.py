"""What holds the house together: declared access, one table of problems, layers, small files."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from backend.api.auth import ROLES, access_of, check_declared
from backend.api.problems import PROBLEMS
from backend.app import create_app
from backend.config import Config
from backend.domain import errors

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = sorted((ROOT / "backend").rglob("*.py"))
PLANES = {"widget", "events", "admin", "session", "login", "dashboard", "open"}


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """The application on a file without tables: no request is made."""
    made = create_app(Config(data_dir=tmp_path_factory.mktemp("house")))
    yield made
    made.extensions["zeroten"].db.close()


def routes(app):
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method, access_of(app, rule.endpoint, method)


def test_every_route_declares_its_plane_and_admin_routes_their_role_and_scope(app):
    for rule, method, access in routes(app):
        assert access is not None, f"{method} {rule}"
        assert access.plane in PLANES, f"{method} {rule}"
        if access.plane == "admin":
            assert access.role in ROLES, f"{method} {rule}"
            assert access.scope, f"{method} {rule}"


def test_every_route_lies_on_the_plane_that_its_address_says(app):
    for rule, _, access in routes(app):
        path = str(rule)
        if path.startswith(
            ("/w/", "/v1/decide", "/v1/responses", "/v1/pages", "/v1/widget-errors")
        ):
            assert access.plane == "widget", path
        elif path.startswith("/v1/"):
            assert access.plane == "events", path
        elif path.startswith("/api/v1/"):
            # What has no role is read by anybody, or is how somebody gets one.
            assert access.plane in ("admin", "open", "login", "session"), path
            assert access.plane != "login" or "session" in path or "invit" in path or "link" in path


def test_a_route_that_does_not_say_whom_it_admits_keeps_the_server_from_starting(tmp_path):
    app = create_app(Config(data_dir=tmp_path))
    app.add_url_rule("/silent", "silent", lambda: "x")
    with pytest.raises(RuntimeError, match="GET /silent"):
        check_declared(app)
    app.extensions["zeroten"].db.close()


def domain_errors(base=errors.DomainError):
    for each in base.__subclasses__():
        yield each
        yield from domain_errors(each)


def test_every_error_has_one_row_in_the_table_of_problems():
    assert set(domain_errors()) == set(PROBLEMS)


def test_no_two_problems_share_a_slug():
    slugs = [problem.slug for problem in PROBLEMS.values()]
    assert len(slugs) == len(set(slugs))
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", slug) for slug in slugs)


def test_imports_run_one_way():
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env=os.environ | {"COLUMNS": "200"},
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-1000:]


def test_no_file_of_the_backend_is_longer_than_a_careful_reader_likes():
    longest = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in SOURCES}
    assert {name: lines for name, lines in longest.items() if lines > 350} == {}


def test_only_the_configuration_reads_the_environment():
    readers = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb")
        if isinstance(node.value, ast.Name) and node.value.id == "os"
    }
    assert readers == {"backend/config.py"}


def test_only_the_clock_asks_the_system_what_time_it_is_in_services_and_storage():
    guilty = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.parts[-2] in ("domain", "storage") or "domain" in path.parts
        if re.search(r"datetime\.now\(|utcnow\(|time\.time\(", path.read_text())
    }
    assert guilty == set()


def make_targets():
    return set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def pages_of_documentation():
    named = [ROOT / name for name in ("README.md", "CONTRIBUTING.md")]
    return [path for path in [*named, *sorted((ROOT / "docs").rglob("*.md"))] if path.exists()]


@pytest.mark.parametrize("page", pages_of_documentation(), ids=lambda path: path.name)
def test_documentation_names_only_commands_that_exist(page):
    named = re.findall(r"(?:^|`)make ([a-z][a-z0-9-]+)", page.read_text(), re.MULTILINE)
    assert set(named) <= make_targets()


def test_every_environment_variable_that_the_documentation_names_is_read_by_the_configuration():
    example = ROOT / ".env.example"
    if example.exists():
        named = set(re.findall(r"^#? ?([A-Z][A-Z_]{3,})=", example.read_text(), re.MULTILINE))
        assert named <= set(re.findall(r'"([A-Z][A-Z_]{3,})"', read("config.py", "cli")) + OTHERS)


# Read by what stands beside the backend: compose, make, the SDK.
OTHERS = ["POSTGRES_PASSWORD", "ZEROTEN_SECRET_KEY", "ZEROTEN_HOST", "COMPOSE_PROJECT_NAME"]


def read(*names):
    return "\n".join(
        path.read_text() for path in SOURCES if any(name in str(path) for name in names)
    )
