"""A project with its surveys, and the pages of a product that hold its tag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from backend.services import projects, surveys
from backend.storage.models import Decision, Response, Ticket
from tests.contracts.serving import Server
from tests.e2e.widget.host import Host

NPS: dict[str, Any] = {
    "default_language": "en",
    "questions": [
        {"id": "score", "kind": "nps", "required": True},
        {"id": "why", "kind": "text", "show_if": {"question": "score", "answered": True}},
    ],
    "texts": {
        "en": {
            "questions": {
                "score": {
                    "text": "How likely are you to recommend us to a colleague?",
                    "low": "Not at all likely",
                    "high": "Extremely likely",
                },
                "why": {
                    "text": "Care to tell us why?",
                    "by_band": {
                        "detractor": "What should we do better?",
                        "passive": "What would make it a 10?",
                        "promoter": "What do you value most?",
                    },
                },
            },
            "thanks": {
                "text": "Thank you!",
                "by_band": {
                    "promoter": {
                        "link_text": "Write a review",
                        "link_url": "https://example.com/review",
                    }
                },
            },
        }
    },
    "theme": {"mode": "auto"},
    "later": True,
}


@dataclass
class Scene:
    """A project with a survey, and the page of a host that holds its tag."""

    server: Server
    host: Host
    project_id: str
    key: str
    survey_ids: list[str] = field(default_factory=list)

    def tag(self, attributes: str = "") -> str:
        return f'<script async {attributes} src="{self.server.url}/w/{self.key}.js"></script>'

    def page(
        self,
        body: str = "",
        *,
        path: str = "/app",
        head: str = "",
        tag: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> str:
        """Put a page up; return its address."""
        html = (
            f'<!doctype html><html lang="en"><head><title>Host</title>{head}</head>'
            f"<body><h1>Reports</h1>{body}{self.tag() if tag is None else tag}</body></html>"
        )
        self.host.pages[path] = (html, headers or {})
        return self.host.origin + path

    def survey(self, content: dict[str, Any] | None = None, **given: Any) -> str:
        """Publish a survey that asks everybody at once."""
        targeting = {
            "old_enough_days": 0,
            "triggers": [{"type": "page_load", "delay_ms": 0}],
        } | given.pop("targeting", {})
        sampling = {"spread_days": 0, "rate": 1} | given.pop("sampling", {})

        def work(session: Any) -> str:
            survey = surveys.create(
                session,
                self.project_id,
                name="NPS",
                content=content or NPS,
                targeting=targeting,
                sampling=sampling,
                **given,
            )
            surveys.publish(session, survey)
            return survey.id

        self.survey_ids.append(self.server.db.transact(work))
        return self.survey_ids[-1]

    def responses(self) -> list[dict[str, Any]]:
        """Return what is stored, oldest first."""
        columns = (
            Response.state, Response.score, Response.comment, Response.answers,
            Response.page, Response.role, Response.revision, Response.language,
        )  # fmt: skip
        query = select(*columns).where(Response.project_id == self.project_id)
        with self.server.db.read() as session:
            return [dict(row._mapping) for row in session.execute(query)]

    def decisions(self) -> int:
        """Return how many times the server was asked."""
        return self._count(Decision)

    def tickets(self) -> int:
        """Return how many leaves to answer the server gave."""
        return self._count(Ticket)

    def _count(self, model: type[Decision | Ticket]) -> int:
        query = select(func.count()).where(model.project_id == self.project_id)
        with self.server.db.read() as session:
            return int(session.execute(query).scalar_one())


def new_scene(server: Server, host: Host, origins: Sequence[str] = ()) -> Scene:
    """Make a project without a survey, for pages of the host or of other origins.

    Pages put up before are gone.
    """

    def work(session: Any) -> tuple[str, str]:
        new = projects.create(session, name="Acme", origins=origins or [host.origin])
        return new.project.id, new.publishable_key

    host.pages.clear()
    return Scene(server, host, *server.db.transact(work))
