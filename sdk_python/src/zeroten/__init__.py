"""Zeroten for Python servers: what people do in your product, sent without a thought.

import zeroten
client = zeroten.Client("sk_…", host="https://zeroten.example.com")
client.track("user-42", "export_csv", {"rows": 120})
"""

from __future__ import annotations

from .client import Client
from .identity import identity_token
from .people import Person, as_user
from .stats import Stats
from .transport import Reply, Transport
from .version import __version__
from .webhooks import WebhookError, verify_webhook

__all__ = [
    "Client",
    "Person",
    "Reply",
    "Stats",
    "Transport",
    "WebhookError",
    "__version__",
    "as_user",
    "identity_token",
    "verify_webhook",
]
