"""What pages ask: the script, a decision, an answer, a count of page views."""

from backend.api.public import pages

__all__ = ["pages"]
