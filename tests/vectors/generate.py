"""Write eligibility.json, sampling.json and audience.json: the cases both languages run.

    .venv/bin/python tests/vectors/generate.py

Hand-written cases (`tests/vectors/cases*.py`) carry the answer their author expects, and
this script refuses to write when the code says otherwise. Generated cases come from a
fixed seed, so that running it twice writes the same bytes.
"""

import json
import random
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent.parent), str(HERE)]

import cases  # noqa: E402
import random_cases  # noqa: E402
from case_records import NOW  # noqa: E402

from backend.domain import audience, sampling  # noqa: E402
from backend.domain.eligibility import SurveyRules, Trigger, Visitor, evaluate  # noqa: E402
from backend.domain.gates import GATES, meet  # noqa: E402
from backend.domain.page_entry import page_entry  # noqa: E402
from backend.domain.timestamps import format_time, parse_time  # noqa: E402
from backend.domain.visitor import UsageFacts  # noqa: E402

SERVER_ONLY = ("project_enabled", "account_below_cap", "within_budget", "no_open_ticket")
GENERATED = 260


def main(arguments: list[str]) -> None:
    """Write the three files, or with `--check` fail when one is not what would be written."""
    for name, (about, lines) in build().items():
        text = _text(about, lines)
        path = HERE / f"{name}.json"
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
        elif path.read_text(encoding="utf-8") != text:
            raise SystemExit(f"{path.name} is stale: run tests/vectors/generate.py")
        sys.stdout.write(f"{name}: {len(lines)} cases\n")


def build() -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """Return what each file is about and its cases."""
    rng = random.Random(20261122)
    decisions = [_decision(*case, hand_written=True) for case in cases.DECISIONS]
    decisions += [
        _decision(f"generated {n}", *random_cases.decision(rng), hand_written=False)
        for n in range(GENERATED)
    ]
    return {
        "eligibility": ("gates of one survey for one visitor", decisions),
        "sampling": ("draws and first slots", list(_samples(rng))),
        "audience": ("one rule against one visitor", list(_audiences(rng))),
    }


def _decision(
    name: str,
    survey: dict[str, Any],
    visitor: dict[str, Any],
    now: str,
    *expected: Any,
    **how: bool,
) -> dict[str, Any]:
    rules, person, at = SurveyRules.from_dict(survey), Visitor.from_json(visitor), parse_time(now)
    assert at is not None
    result = evaluate(rules, person, at)
    if expected and result.reason != expected[0]:
        raise SystemExit(f"{name}: expected {expected[0]}, got {result.reason}")
    answer: dict[str, Any] = {
        "passed": result.passed,
        "reason": result.reason,
        "failed": [gate.gate for gate in result.gates if not gate.passed],
        "draw": result.draw,
        "admission_probability": result.admission_probability,
        "retry_at": format_time(result.retry_at),
    }
    if how["hand_written"]:
        answer["gates"] = [gate.to_json() for gate in result.gates]
    case = {"name": name, "rules": survey, "visitor": visitor, "now": now, "expected": answer}
    if not person.manual:
        case["local"] = _local(rules, person, at)
        if result.passed and not case["local"]["passed"]:
            raise SystemExit(f"{name}: asked by the server but stopped in the page")
    return case


def _local(rules: SurveyRules, person: Visitor, now: Any) -> dict[str, Any]:
    """Say what the page finds: its own gates, on what it can see."""
    entry = page_entry(rules, now)
    seen_here = replace(
        person, usage=UsageFacts(), any_survey_shown_at=None, trigger=person.trigger or Trigger()
    )
    meeting = meet(SurveyRules.from_dict(entry), seen_here, now)
    waits, failed = [], []
    for name, gate, _ in GATES:
        passed, _, _, passes_at = gate(meeting)
        if passed or name in SERVER_ONLY or _is_left_to_server(name, rules, person):
            continue
        failed.append(name)
        waits.append(passes_at)
    is_timed = bool(waits) and None not in waits
    return {
        "survey": entry,
        "passed": not failed,
        "reason": failed[0] if failed else None,
        "failed": failed,
        "retry_at": format_time(max(waits)) if is_timed else None,
    }


def _is_left_to_server(gate: str, rules: SurveyRules, person: Visitor) -> bool:
    if gate == "old_enough":
        return not person.anonymous
    return gate == "trigger_matches" and any(t.type == "server_event" for t in rules.triggers)


def _samples(rng: random.Random) -> Iterable[dict[str, Any]]:
    for purpose, salt, user, expected in cases.HASHES:
        if sampling.unit_hash(purpose, salt, user) != expected:
            raise SystemExit(f"hash of {user!r} differs from the reference")
    known = [(purpose, salt, user) for purpose, salt, user, _ in cases.HASHES]
    for purpose, salt, user in known + list(random_cases.hashed(rng)):
        yield {
            "function": "unit_hash",
            "input": {"purpose": purpose, "salt": salt, "user": user},
            "expected": sampling.unit_hash(purpose, salt, user),
        }
    for record, user in random_cases.slots(rng):
        slot = sampling.first_slot(sampling.Sampling.from_dict(record), user)
        yield {
            "function": "first_slot",
            "input": {"sampling": record, "user": user},
            "expected": slot and slot.isoformat(),
        }


def _audiences(rng: random.Random) -> Iterable[dict[str, Any]]:
    for name, rule, visitor, expected in cases.AUDIENCES:
        yield _audience(name, rule, visitor, expected)
    for n in range(120):
        rule, visitor = random_cases.rule(rng, 3), random_cases.person(rng)
        yield _audience(f"generated {n}", rule, visitor, None)


def _audience(
    name: str, rule: Any, visitor: dict[str, Any], expected: bool | None
) -> dict[str, Any]:
    faults = audience.check(rule)
    if faults:
        raise SystemExit(f"{name}: {faults}")
    now = parse_time(NOW)
    assert now is not None
    person = Visitor.from_json(visitor)
    held = audience.matches(rule, audience.Facts(person, "srv_nps", now))
    if expected is not None and held != expected:
        raise SystemExit(f"{name}: expected {expected}, got {held}")
    local = audience.localize(rule)
    return {
        "name": name,
        "rule": rule,
        "visitor": visitor,
        "now": NOW,
        "expected": held,
        "local_rule": local,
        "local": audience.matches(
            local, audience.Facts(replace(person, usage=UsageFacts()), "srv_nps", now)
        ),
    }


def _text(about: str, lines: list[dict[str, Any]]) -> str:
    text = ",\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    return f'{{"about": "{about}", "cases": [\n{text}\n]}}\n'


if __name__ == "__main__":
    main(sys.argv[1:])
