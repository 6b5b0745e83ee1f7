"""The records that hand-written cases are made of: a survey and a visitor, nothing unusual."""

from typing import Any

NOW = "2026-11-22T09:30:00Z"


def survey(**members: Any) -> dict[str, Any]:
    return {"id": "srv_nps", "version": 3, "old_enough_days": 0} | members


def visitor(**members: Any) -> dict[str, Any]:
    return {"id": "42", "page": "/reports/42", "origin": "https://app.example.com"} | members


def past(**members: Any) -> dict[str, Any]:
    return visitor(history={"srv_nps": members})


def trait(value: Any) -> dict[str, Any]:
    return visitor() if value is None else visitor(traits={"role": value})
