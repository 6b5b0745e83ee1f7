"""Reads the bodies of the widget plane, naming every field at fault.

Unknown members are ignored: an older page works with a newer server and the reverse.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from backend.domain import claims, limits, tickets
from backend.domain.eligibility import Trigger
from backend.domain.errors import FieldError, InvalidRequestError
from backend.domain.survey_rules import DEVICES
from backend.domain.values import check_object, is_name, masked
from backend.services.respond import Answer
from backend.services.visitors import Question

MAX_REVISION: Final = 100_000
MAX_LANGUAGES: Final = 5

_TRIGGERS = ("page_load", "event")


class _Reader:
    """Takes members out of a body and gathers the faults, so that all are told at once."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.faults: list[FieldError] = []

    def text(self, name: str, most: int = limits.ID_LENGTH) -> str | None:
        value = self.document.get(name)
        if value is None:
            return None
        if not is_name(value, most):
            self.fault(name, f"Must be a text of 1 to {most} characters, no control ones.")
            return None
        return str(value)

    def traits(self, value: Any, pointer: str) -> dict[str, Any]:
        if value is None:
            return {}
        if faults := check_object(value, pointer):
            self.faults += faults
            return {}
        cleaned: dict[str, Any] = masked(value)
        return cleaned

    def fault(self, name: str, detail: str) -> None:
        self.faults.append(FieldError(f"#/{name}", detail))

    def finish(self) -> None:
        if self.faults:
            raise InvalidRequestError(errors=self.faults)


def read_question(document: Mapping[str, Any], origin: str | None) -> Question:
    """Return what the page asks.

    Raises:
        InvalidRequestError: with a pointer to each field at fault.
    """
    reader = _Reader(document)
    account_id, account_traits = _account(reader)
    question = Question(
        user_id=reader.text("user_id"),
        anonymous_id=_anonymous_id(reader),
        identity_token=_token(reader),
        account_id=account_id,
        traits=reader.traits(document.get("traits"), "#/traits"),
        account_traits=account_traits,
        page=reader.text("page", limits.STRING_LENGTH) or "/",
        language=reader.text("language", 35),
        languages=_languages(reader),
        first_seen_at=_time(reader, "first_seen_at"),
        device=_one_of(reader, "device", DEVICES),
        app_version=reader.text("app_version"),
        origin=origin,
        trigger=_trigger(reader, document.get("trigger"), "trigger"),
        triggers=_triggers(reader),
        candidates=_candidates(reader),
        manual=document.get("manual") is True,
    )
    reader.finish()
    return question


def read_answer(document: Mapping[str, Any]) -> Answer:
    """Return one revision of an answer; its values are checked against the survey later.

    Raises:
        InvalidRequestError: with a pointer to each field at fault.
    """
    reader = _Reader(document)
    revision = _whole(document.get("revision"))
    if revision is None or not 1 <= revision <= MAX_REVISION:
        reader.fault("revision", f"Must be a whole number from 1 to {MAX_REVISION}.")
    state = document.get("state")
    if state not in tickets.STATES:
        reader.fault("state", "Must be one of " + ", ".join(tickets.STATES) + ".")
    answers = document.get("answers")
    if answers is not None and not isinstance(answers, Mapping):
        reader.fault("answers", "Must be an object.")
    answered_at = _time(reader, "answered_at")
    language = reader.text("language", 35)
    reader.finish()
    return Answer(
        revision=revision or 0,
        state=str(state),
        score=document.get("score"),
        comment=document.get("comment"),
        answers=answers or {},
        answered_at=answered_at,
        language=language,
    )


def _account(reader: _Reader) -> tuple[str | None, dict[str, Any]]:
    account = reader.document.get("account")
    if account is None:
        return None, {}
    if isinstance(account, str):
        account = {"id": account}
    if not isinstance(account, Mapping) or not is_name(account.get("id")):
        reader.fault("account", "Must be an id, or an object with an id.")
        return None, {}
    return str(account["id"]), reader.traits(account.get("traits"), "#/account/traits")


def _anonymous_id(reader: _Reader) -> str | None:
    anonymous_id = reader.text("anonymous_id")
    if anonymous_id is not None and claims.is_claim(anonymous_id, True):
        reader.fault("anonymous_id", f"Must not begin with {claims.PREFIX}")
    return anonymous_id


def _token(reader: _Reader) -> str | None:
    token = reader.document.get("identity_token")
    if token is not None and not isinstance(token, str):
        reader.fault("identity_token", "Must be a text.")
        return None
    return token


def _languages(reader: _Reader) -> list[str]:
    languages = reader.document.get("languages")
    if languages is None:
        return []
    if not isinstance(languages, list) or not all(is_name(each, 35) for each in languages):
        reader.fault("languages", "Must be an array of language tags.")
        return []
    return languages[:MAX_LANGUAGES]


def _trigger(reader: _Reader, trigger: Any, where: str) -> Trigger:
    if trigger is None:
        return Trigger()
    if not isinstance(trigger, Mapping) or trigger.get("type") not in _TRIGGERS:
        reader.fault(where, "Must be an object with type page_load or event.")
        return Trigger()
    name = trigger.get("name")
    if name is not None and not is_name(name):
        reader.fault(f"{where}/name", "Must be a text of 1 to 200 characters.")
        return Trigger()
    return Trigger(str(trigger["type"]), name)


def _triggers(reader: _Reader) -> dict[str, Trigger]:
    triggers = reader.document.get("triggers")
    if triggers is None:
        return {}
    if not isinstance(triggers, Mapping) or not all(is_name(each, 32) for each in triggers):
        reader.fault("triggers", "Must be an object of triggers by survey id.")
        return {}
    few = itertools.islice(triggers.items(), limits.OBJECT_KEYS)
    return {each: _trigger(reader, trigger, f"triggers/{each}") for each, trigger in few}


def _candidates(reader: _Reader) -> list[str] | None:
    candidates = reader.document.get("candidates")
    if candidates is None:
        return None
    if not isinstance(candidates, list) or not all(is_name(each, 32) for each in candidates):
        reader.fault("candidates", "Must be an array of survey ids.")
        return None
    return candidates[: limits.OBJECT_KEYS]


def _one_of(reader: _Reader, name: str, allowed: tuple[str, ...]) -> str | None:
    value = reader.document.get(name)
    if value is not None and value not in allowed:
        reader.fault(name, "Must be one of " + ", ".join(allowed) + ".")
        return None
    return value


def _whole(value: Any) -> int | None:
    """Return a whole number: `7.0` is 7, `true` is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if value == value // 1 else None


def _time(reader: _Reader, name: str) -> datetime | None:
    value = reader.document.get(name)
    if value is None:
        return None
    try:
        instant = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        instant = None
    if instant is None or instant.tzinfo is None:
        reader.fault(name, "Must be an RFC 3339 time with an offset.")
        return None
    return instant
