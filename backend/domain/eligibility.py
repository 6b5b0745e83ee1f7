"""Who is asked, and why not: the one place where a survey's rules meet a visitor.

`evaluate` runs every gate of DESIGN section 5 in order, `choose` picks one of the
surveys that passed, `stored` and `replay` make a decision reproducible years later.
"""

from backend.domain.evaluation import Choice, Evaluation, GateResult
from backend.domain.sampling import Sampling
from backend.domain.survey_rules import Cap, Rests, SurveyRules
from backend.domain.visitor import SurveyHistory, Trigger, UsageFacts, Visitor

__all__ = [
    "Cap",
    "Choice",
    "Evaluation",
    "GateResult",
    "Rests",
    "Sampling",
    "SurveyHistory",
    "SurveyRules",
    "Trigger",
    "UsageFacts",
    "Visitor",
]
