"""The flow of a survey: its questions, the answers it takes, what its content must satisfy."""

from backend.domain.flow.answers import check_answer, check_response, to_response
from backend.domain.flow.content import check_content
from backend.domain.flow.questions import (
    band,
    comment_question,
    holds,
    is_safe_link,
    metric,
    metric_band,
    next_question,
    path,
    progress,
    question_text,
    scale,
    thanks,
)
from backend.domain.flow.theme import contrast

__all__ = [
    "band",
    "check_answer",
    "check_content",
    "check_response",
    "comment_question",
    "contrast",
    "holds",
    "is_safe_link",
    "metric",
    "metric_band",
    "next_question",
    "path",
    "progress",
    "question_text",
    "scale",
    "thanks",
    "to_response",
]
