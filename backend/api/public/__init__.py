"""What pages ask: the script, a decision, an answer, a count of page views."""

from backend.api.public import pages, widget_errors

__all__ = ["pages", "widget_errors"]
