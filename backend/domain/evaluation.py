"""What a decision says: every gate with what it saw, and which survey won."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Self

from backend.domain.timestamps import format_time, parse_time


# A tuple, since a decision makes 17 of them: as a frozen dataclass they took a fifth of its time.
class GateResult(NamedTuple):
    """One gate: did the visitor pass, the value it saw, the limit it held against it.

    `seen` and `limit` are plain JSON values (times as RFC 3339), so that a stored
    decision reads the same as a fresh one. A gate that a hand-opened survey does not
    ask has passed and saw "manual".
    """

    gate: str
    passed: bool
    seen: Any = None
    limit: Any = None

    def to_json(self) -> dict[str, Any]:
        """Return the four members."""
        return {"gate": self.gate, "passed": self.passed, "seen": self.seen, "limit": self.limit}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All gates of one survey for one visitor at one moment.

    Args:
        at: the moment.
        reason: the first gate that failed, None when all passed.
        gates: every gate, in order.
        draw: the person's sampling draw; None when sampling was not asked.
        admission_probability: the rate this person faced; None when sampling was not
            asked, which keeps hand-opened answers out of weighted numbers.
        retry_at: when every failed gate will have passed by the clock alone; None when
            nothing failed, or when something else must change first.
    """

    survey_id: str
    version: int
    at: datetime
    passed: bool
    reason: str | None
    gates: tuple[GateResult, ...]
    draw: float | None
    admission_probability: float | None
    retry_at: datetime | None

    def gate(self, name: str) -> GateResult:
        """Return the result of the gate called `name`; KeyError when there is none."""
        for result in self.gates:
            if result.gate == name:
                return result
        raise KeyError(name)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values that `from_json` reads back to an equal evaluation."""
        return {
            "survey_id": self.survey_id,
            "version": self.version,
            "at": format_time(self.at),
            "passed": self.passed,
            "reason": self.reason,
            "gates": [result.to_json() for result in self.gates],
            "draw": self.draw,
            "admission_probability": self.admission_probability,
            "retry_at": format_time(self.retry_at),
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote.

        Raises:
            KeyError: a member is missing.
            ValueError: `at` is no time.
        """
        at = parse_time(record["at"])
        if at is None:
            raise ValueError("an evaluation has a time")
        return cls(
            survey_id=record["survey_id"],
            version=record["version"],
            at=at,
            passed=record["passed"],
            reason=record["reason"],
            gates=tuple(GateResult(**gate) for gate in record["gates"]),
            draw=record["draw"],
            admission_probability=record["admission_probability"],
            retry_at=parse_time(record["retry_at"]),
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """Which of several surveys is shown.

    Args:
        winner: the evaluation of the survey to show, or None.
        outranked: survey id -> id of the winner, for those that passed and lost.
    """

    winner: Evaluation | None
    outranked: Mapping[str, str]
