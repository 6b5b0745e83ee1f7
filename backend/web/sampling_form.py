"""The form of who is asked and how often: percent and whole days, and two who change it at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from marshmallow import ValidationError

from backend.api.schemas.surveys import SurveyChangeSchema
from backend.domain.errors import FieldError, InvalidRequestError
from backend.domain.three_way import Side, merged

RESTS: Final = {
    "rest_days": "after an answer to this survey",
    "decline_rest_days": "after a “no”",
    "ignore_rest_days": "after being ignored",
    "any_survey_rest_days": "after any survey",
}
NAMES: Final = {
    "rate": "in the sample, percent",
    "spread_days": "first turns spread over, days",
    "old_enough_days": "nobody before so many days",
    **{name: f"days of rest {label}" for name, label in RESTS.items()},
}
Values = Mapping[str, str]


def entered(form: Values) -> dict[str, str]:
    """Return the fields that a form or an address holds, numbers in one way of writing."""
    return {name: _plain(form[name]) for name in NAMES if name in form}


def shown(stored: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields as they are stored."""
    sampling = stored["sampling"]
    numbers = {
        "rate": 100 * sampling["rate"],
        "spread_days": sampling["spread_days"],
        "old_enough_days": stored["targeting"]["old_enough_days"],
        **{name: stored["rests"][name] for name in RESTS},
    }
    return {name: f"{number:g}" for name, number in numbers.items()}


def begun(form: Values) -> dict[str, str]:
    """Return the fields as they stood when the form was drawn; nothing when it does not say."""
    try:
        return msgspec.json.decode(form.get("begun", "{}"), type=dict[str, str])
    except msgspec.MsgspecError:
        return {}


def joined(base: Values, theirs: Values, yours: Values) -> tuple[dict[str, str], list[str]]:
    """Return what two entered at once, yours where both changed one field, and those fields."""
    found = {side: merged(base, theirs, yours, side) for side in Side}
    mine, others = found[Side.YOURS], found[Side.THEIRS]
    return mine, [name for name in NAMES if mine.get(name) != others.get(name)]


def changes(given: Values) -> dict[str, Any]:
    """Return the change that a form asks for, checked as REST checks it.

    Raises:
        InvalidRequestError.
    """
    document: dict[str, Any] = {}
    try:
        if "rate" in given:
            document.setdefault("sampling", {})["rate"] = float(given["rate"]) / 100
        if "spread_days" in given:
            document.setdefault("sampling", {})["spread_days"] = int(given["spread_days"])
        if "old_enough_days" in given:
            document["targeting"] = {"old_enough_days": float(given["old_enough_days"])}
        for name in RESTS:
            if name in given:
                document.setdefault("rests", {})[name] = float(given[name])
        found: dict[str, Any] = SurveyChangeSchema().load(document)
    except (ValueError, ValidationError) as error:
        detail = "The rate is 0 to 100 percent; days are numbers from 0 to 3650."
        raise InvalidRequestError(errors=[FieldError("#/sampling", detail)]) from error
    return found


def _plain(text: str) -> str:
    """Return "40" for "40.0"; what is no number stays, to be refused."""
    try:
        return f"{float(text):g}" if "_" not in text else text
    except ValueError:
        return text
