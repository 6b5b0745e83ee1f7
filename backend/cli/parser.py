"""The commands and their options."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from backend.cli import (
    answers,
    imports,
    keys,
    members,
    processes,
    projects,
    reports,
    surveys,
    usage,
)
from backend.services.exports import FORMATS
from backend.services.projects import MAX_TOKEN_DAYS, ROLES, TOKEN_DAYS
from backend.services.tokens import ALL, SCOPES

Parser = argparse.ArgumentParser
Run = Callable[..., None]


def build() -> Parser:
    """Return the parser of the whole command line."""
    parser = Parser(
        prog="zeroten",
        description="Zeroten asks the 0-10 question inside a product. Settings come from the "
        "environment (ZEROTEN_DATA, DATABASE_URL, PORT, … see .env.example).",
    )
    groups = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _command(groups, "init", processes.init, "bring the database's tables to this release")
    _projects(_group(groups, "project", "projects"))
    _keys(_group(groups, "key", "keys of pages and servers, identity secrets"))
    _tokens(_group(groups, "token", "admin tokens"))
    _members(_group(groups, "member", "people of the dashboard"))
    _surveys(_group(groups, "survey", "surveys"))
    _responses(_group(groups, "responses", "answers"))
    _report(_command(groups, "report", reports.report, "tell on one page what the answers say"))
    _import(
        _command(groups, "import", imports.import_answers, "bring answers along from another tool")
    )
    _usage(_group(groups, "usage", "where usage is kept"))
    _command(groups, "secret", processes.secret, "print a new value for ENCRYPTION_KEYS")
    _demo(_group(groups, "demo", "a believable project to look at"))
    _command(groups, "worker", processes.worker, "run the background jobs (with DATABASE_URL)")
    _command(groups, "serve", processes.serve, "run the server")
    return parser


def _projects(group: Any) -> None:
    create = _command(group, "create", projects.create, "add a project with its first keys")
    create.add_argument("name")
    create.add_argument("--timezone", default="UTC", help="whose midnight begins its days (UTC)")
    create.add_argument(
        "--origin", action="append", default=[], help="an origin of its pages; may be repeated"
    )
    _command(group, "list", projects.show_all, "list projects")
    delete = _command(group, "delete", projects.delete, "delete a project with everything in it")
    delete.add_argument("project_id")
    delete.add_argument("--really", metavar="PROJECT_ID", help="the id again: it is for good")


def _keys(group: Any) -> None:
    create = _command(group, "create", keys.create, "add a key beside the one in use")
    create.add_argument("kind", choices=("publishable", "secret", "identity"))
    revoke = _command(group, "revoke", keys.revoke, "revoke a key, at once and for good")
    revoke.add_argument("key_id")
    listing = _command(group, "list", keys.show_all, "list keys")
    for parser in (create, revoke, listing):
        _takes_project(parser)


def _tokens(group: Any) -> None:
    create = _command(group, "create", keys.create_token, "add an admin token, shown once")
    _takes_project(create)
    create.add_argument(
        "--all-projects", action="store_true", help="it opens every project of the installation"
    )
    create.add_argument("--name", default="cli", help="by which to tell tokens apart (cli)")
    create.add_argument("--role", choices=ROLES, default="admin", help="what it may (admin)")
    create.add_argument(
        "--scope", action="append", choices=SCOPES, metavar="SCOPE", help=f"default: {ALL}"
    )
    create.add_argument("--days", type=_days, default=TOKEN_DAYS, help=f"its life ({TOKEN_DAYS})")


def _members(group: Any) -> None:
    invite = _command(group, "invite", members.invite, "print a link with which somebody joins")
    invite.add_argument("email")
    invite.add_argument("--role", choices=ROLES, default="owner", help="what they may (owner)")
    link = _command(group, "link", members.link, "print a link for a new password")
    link.add_argument("email")
    link.add_argument(
        "--without-second-factor", action="store_true", help="turn the second factor off, too"
    )
    remove = _command(group, "remove", members.remove, "take somebody out of a project")
    remove.add_argument("email")
    listing = _command(group, "list", members.list_all, "list who may enter a project")
    for parser in (invite, remove):
        parser.add_argument("--all-projects", action="store_true", help="of the installation")
    for parser in (invite, remove, listing):
        _takes_project(parser)


def _surveys(group: Any) -> None:
    create = _command(group, "create", surveys.create, "add a draft, the standard one by default")
    create.add_argument("--name", help="its name (NPS)")
    create.add_argument("--file", help="JSON as POST /api/v1/surveys takes it; - reads it here")
    create.add_argument("--publish", action="store_true", help="publish it at once")
    publish = _command(group, "publish", surveys.publish, "put a survey out")
    pause = _command(group, "pause", surveys.pause, "ask nobody for now")
    listing = _command(group, "list", surveys.show_all, "list surveys")
    for parser in (publish, pause):
        parser.add_argument("survey_id")
    for parser in (create, publish, pause, listing):
        _takes_project(parser)


def _responses(group: Any) -> None:
    export = _command(group, "export", answers.export, "write all answers, oldest first")
    _takes_project(export)
    export.add_argument("--format", choices=tuple(FORMATS), default="csv")
    export.add_argument("--survey", help="of this survey only")
    export.add_argument("--output", default="-", help="a file; - is standard output")


def _report(report: Parser) -> None:
    _takes_project(report)
    report.add_argument("--html", metavar="FILE", help="write one HTML file; - prints it")
    report.add_argument("--from", dest="since", type=reports.day, help="a date (90 days ago)")
    report.add_argument("--to", dest="until", type=reports.day, help="a date, not included (now)")
    report.add_argument("--survey", help="of this survey only")
    report.add_argument("--confidence", type=float, choices=(0.95, 0.9), default=0.95)
    report.add_argument(
        "--for-everyone",
        action="store_true",
        help="without accounts and small groups, as viewers see it",
    )


def _import(parser: Parser) -> None:
    parser.add_argument("file", help="the CSV export; - reads it here")
    _takes_project(parser)
    parser.add_argument("--survey", help="whose answers these become; not needed if only one is")
    parser.add_argument("--apply", action="store_true", help="store them; otherwise a dry run")
    parser.add_argument(
        "--column",
        action="append",
        type=imports.mapping,
        default=[],
        metavar="MEMBER=HEADING",
        help="where headings are unusual, such as score=Note; may be repeated",
    )
    parser.add_argument(
        "--trait", action="append", default=[], metavar="HEADING", help="keep it as a trait"
    )
    parser.add_argument("--time-format", help="of times, such as %%d/%%m/%%Y (ISO 8601)")
    parser.add_argument("--delimiter", choices=(",", ";", "\t", "|"), help="found by itself")
    parser.add_argument("--encoding", default="utf-8-sig", help="of the file (UTF-8)")


def _usage(group: Any) -> None:
    _command(group, "copy", usage.copy, "copy usage to USAGE_URL, in pieces, and compare")


def _demo(group: Any) -> None:
    seed = _command(group, "seed", processes.seed_demo, "add the demo project")
    seed.add_argument("--origin", action="append", default=[], help="an origin that may ask (any)")
    seed.add_argument("--seed", type=int, default=1, help="another number, another world (1)")


def _group(groups: Any, name: str, text: str) -> Any:
    parser = groups.add_parser(name, help=text, description=text[:1].upper() + text[1:] + ".")
    return parser.add_subparsers(title="commands", required=True, metavar="COMMAND")


def _command(groups: Any, name: str, run: Run, text: str) -> Parser:
    parser: Parser = groups.add_parser(
        name, help=text, description=text[:1].upper() + text[1:] + "."
    )
    parser.add_argument("--json", action="store_true", help="write JSON")
    parser.set_defaults(run=run)
    return parser


def _takes_project(parser: Parser) -> None:
    parser.add_argument("--project", help="its id; not needed while there is only one")


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_TOKEN_DAYS:
        raise argparse.ArgumentTypeError(f"a whole number from 1 to {MAX_TOKEN_DAYS}")
    return int(text)
