"""Why somebody was or was not asked, in sentences for the people who answer that question."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from backend.domain.evaluation import Evaluation, GateResult
from backend.domain.survey_rules import SurveyRules
from backend.domain.timestamps import parse_instant, parse_time
from backend.domain.visitor import Visitor

Writer = Callable[[GateResult, SurveyRules, Visitor], str]


def explain(
    evaluation: Evaluation,
    rules: SurveyRules,
    visitor: Visitor,
    outranked_by: str | None = None,
) -> list[str]:
    """Return the verdict, then a sentence for each gate that failed, then what comes next.

    Args:
        outranked_by: id of the survey shown instead, when this one passed and lost.
    """
    moment = _when(evaluation.at)
    if outranked_by:
        return [f"Not asked on {moment}: {outranked_by} came first. {OUTRANKED}"]
    if evaluation.passed:
        by_hand = " The survey was opened by hand." if visitor.manual else ""
        return [f"Asked on {moment}: every gate was passed.{by_hand}"]
    failed = [result for result in evaluation.gates if not result.passed]
    others = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
    lines = [f"Not asked on {moment}: {evaluation.reason} failed{others}."]
    lines += [sentence(result, rules, visitor) for result in failed]
    if evaluation.retry_at:
        lines.append(f"Nothing else stands in the way from {_when(evaluation.retry_at)} on.")
    return lines


def explain_gates(
    evaluation: Evaluation, rules: SurveyRules, visitor: Visitor
) -> list[tuple[str, bool, str]]:
    """Return (gate, passed, sentence) of every gate, in order."""
    return [(g.gate, g.passed, sentence(g, rules, visitor)) for g in evaluation.gates]


def sentence(result: GateResult, rules: SurveyRules, visitor: Visitor) -> str:
    """Say what one gate saw and what it wanted."""
    if result.seen == "manual":
        return "Not asked of a survey that is opened by hand."
    return WRITERS[result.gate](result, rules, visitor)


def _project(result: GateResult, *_: Any) -> str:
    return "The project is on." if result.passed else "The project is switched off."


def _running(result: GateResult, *_: Any) -> str:
    if result.seen != "published":
        return f"The survey is not running: its status is {result.seen}."
    starts_at, ends_at = result.limit["starts_at"], result.limit["ends_at"]
    ends = f" and ends on {_at(ends_at)}" if ends_at else ""
    starts = f"starts on {_at(starts_at)}" if starts_at else "has no start date"
    if result.passed:
        return "The survey is running."
    return f"The survey is outside its dates: it {starts}{ends}."


def _origin(result: GateResult, *_: Any) -> str:
    return _listed(result, "site", "This survey is for")


def _device(result: GateResult, *_: Any) -> str:
    return _listed(result, "device", "This survey is for")


def _page(result: GateResult, *_: Any) -> str:
    return _listed(result, "page", "This survey is shown on")


def _listed(result: GateResult, what: str, lead: str) -> str:
    if not result.limit:
        return f"Every {what} is fine."
    seen = f"The {what} was {result.seen}" if result.seen else f"The {what} is not known"
    return f"{seen}. {lead} {', '.join(result.limit)}."


def _trigger(result: GateResult, rules: SurveyRules, *_: Any) -> str:
    if not rules.triggers:
        return "The survey has no trigger: it opens by hand only."
    wanted = " or ".join(_trigger_name(trigger) for trigger in result.limit)
    return f"What happened: {_trigger_name(result.seen)}. The survey waits for {wanted}."


def _trigger_name(trigger: Mapping[str, Any]) -> str:
    names = {"page_load": "a page load", "event": "the event", "server_event": "the server event"}
    kind = names.get(trigger["type"], trigger["type"])
    return f"{kind} {trigger['name']}" if trigger.get("name") else kind


def _audience(result: GateResult, *_: Any) -> str:
    if result.limit is None:
        return "The survey is for everybody."
    seen = "; ".join(f"{name} is {_value(value)}" for name, value in result.seen.items())
    verdict = "belongs" if result.passed else "does not belong"
    return f"The person {verdict} to the audience. Seen: {seen or 'nothing'}."


def _value(value: Any) -> str:
    return "not known" if value is None else str(value)


def _age(result: GateResult, *_: Any) -> str:
    if result.limit == 0:
        return "New people may be asked."
    if result.seen is None:
        return f"When the person was first seen is not known; {result.limit:g} days are wanted."
    until = _after(result.seen, result.limit)
    verb = "was" if result.passed else "will be"
    return (
        f"First seen on {_at(result.seen)}; old enough ({result.limit:g} days) {verb} on {until}."
    )


def _sampled(result: GateResult, rules: SurveyRules, visitor: Visitor) -> str:
    draw, rate, segment = result.seen["draw"], result.limit["rate"], result.limit["segment"]
    part = "" if segment is None else f" of segment {segment + 1}"
    share = f"{100 * rate:.4g} %"
    if draw >= rate:
        return (
            f"Not in the sample: the rate{part} is {share}, and this person's draw is "
            f"{draw:.4f}, so they join when it is raised above {100 * draw:.2f} %."
        )
    slot = result.seen["slot"]
    first = f" Their first slot is on {slot}." if slot else ""
    return f"In the sample: draw {draw:.4f} is below the rate{part} of {share}.{first}"


def _rested(what: str) -> Writer:
    def write(result: GateResult, *_: Any) -> str:
        if result.seen is None:
            return f"The person never {what}."
        if result.limit == 0:
            return f"The person last {what} on {_at(result.seen)}; no rest is asked for."
        verb = "ended" if result.passed else "ends"
        until = _after(result.seen, result.limit)
        return (
            f"The person last {what} on {_at(result.seen)}; "
            f"the rest of {result.limit:g} days {verb} on {until}."
        )

    return write


def _account(result: GateResult, rules: SurveyRules, visitor: Visitor) -> str:
    if result.limit is None:
        return "No limit for accounts applies."
    count, days = result.limit["count"], result.limit["days"]
    return (
        f"{result.seen} people of the account {visitor.account_id} were asked "
        f"in the last {days} days; the limit is {count}."
    )


def _budget(result: GateResult, *_: Any) -> str:
    if result.limit is None:
        return "The survey has no daily budget."
    return f"{result.seen} people were asked today (UTC); the daily budget is {result.limit}."


def _ticket(result: GateResult, *_: Any) -> str:
    if result.seen is None:
        return "No other invitation is open."
    verb = "ended" if result.passed else "stays open until"
    return f"An earlier invitation {verb} {_at(result.seen)}."


def _at(text: str) -> str:
    return _when(parse_instant(text))


def _after(text: str, days: float) -> str:
    since = parse_time(text)
    assert since is not None
    return _when(since + timedelta(days=days))


def _when(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "an unknown day"


OUTRANKED = "Of several surveys the highest priority wins, then the earliest start, then the id."
WRITERS: dict[str, Writer] = {
    "project_enabled": _project,
    "survey_running": _running,
    "origin_allowed": _origin,
    "trigger_matches": _trigger,
    "page_matches": _page,
    "device_matches": _device,
    "audience_matches": _audience,
    "old_enough": _age,
    "sampled": _sampled,
    "rested_after_answer": _rested("answered this survey"),
    "rested_after_decline": _rested("declined this survey"),
    "rested_after_ignore": _rested("ignored this survey"),
    "rested_after_later": _rested("said “later” to this survey"),
    "rested_after_any": _rested("met a survey"),
    "account_below_cap": _account,
    "within_budget": _budget,
    "no_open_ticket": _ticket,
}
