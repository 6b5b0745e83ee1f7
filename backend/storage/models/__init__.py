"""Every table; importing this module makes the metadata complete for migrations."""

from backend.storage.models.answers import Decision, Response, Ticket
from backend.storage.models.audit import AuditEntry
from backend.storage.models.base import Base
from backend.storage.models.catalogue import CatalogueEntry
from backend.storage.models.idempotency import KeptAnswer
from backend.storage.models.insights import InsightSettings, Release, Segment
from backend.storage.models.members import (
    DashboardSession,
    LoginAttempt,
    Member,
    Membership,
    OneTimeLink,
)
from backend.storage.models.outbox import WaitingUsage
from backend.storage.models.people import Account, User, UserSurvey
from backend.storage.models.privacy import (
    ErasedPerson,
    ErasedTicket,
    InstallationKey,
    PrivacySettings,
)
from backend.storage.models.projects import AdminToken, ApiKey, IdentitySecret, Project
from backend.storage.models.surveys import Survey, SurveyDay, SurveyVersion
from backend.storage.models.tag_loads import TagLoad
from backend.storage.models.triage import Triage
from backend.storage.models.usage import Batch, Name, PendingUse, SeenMessage, UsageDay
from backend.storage.models.widget_errors import WidgetError

__all__ = [
    "Account",
    "AdminToken",
    "ApiKey",
    "AuditEntry",
    "Base",
    "Batch",
    "CatalogueEntry",
    "DashboardSession",
    "Decision",
    "ErasedPerson",
    "ErasedTicket",
    "IdentitySecret",
    "InsightSettings",
    "InstallationKey",
    "KeptAnswer",
    "LoginAttempt",
    "Member",
    "Membership",
    "Name",
    "OneTimeLink",
    "PendingUse",
    "PrivacySettings",
    "Project",
    "Release",
    "Response",
    "SeenMessage",
    "Segment",
    "Survey",
    "SurveyDay",
    "SurveyVersion",
    "TagLoad",
    "Ticket",
    "Triage",
    "UsageDay",
    "User",
    "UserSurvey",
    "WaitingUsage",
    "WidgetError",
]
