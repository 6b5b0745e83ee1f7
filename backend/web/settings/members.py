"""Who may enter the project: invited, given another role, removed."""

from __future__ import annotations

from typing import Final

from flask import Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from backend.api.auth import access
from backend.api.schemas.members import MemberChangeSchema, NewInvitationSchema
from backend.api.state import zeroten
from backend.domain import roles
from backend.services import invitations
from backend.services import members as service
from backend.services.clock import utc_now
from backend.web import forms, signed_in
from backend.web.blueprint import page, web
from backend.web.forms import Form

DONE: Final = {
    "changed": "Changed. Their sessions have ended: they sign in as what they are now.",
    "removed": "Removed. Their sessions have ended and their tokens are revoked.",
    "withdrawn": "Taken back: the link opens nothing any more.",
}


@web.get("/settings/members")
@access("dashboard", role=roles.ADMIN, scope="members:read")
def team() -> Response:
    """Who may enter the project, and who is invited."""
    return _page(Form())


@web.post("/settings/members")
@access("dashboard", role=roles.OWNER, scope="members:write")
def invite() -> ResponseReturnValue:
    """Invite somebody; the link is shown this once, to be handed over."""
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id

    def work() -> Response:
        wanted = {name: request.form.get(name, "").strip() for name in ("email", "role")}
        body = forms.load(NewInvitationSchema, wanted)

        def add(session: Session) -> str:
            return invitations.invite(session, project_id=project_id, actor=actor, **body)[1]

        token = zeroten().db.transact(add)
        return _page(Form(), f"{zeroten().config.address}/join#{token}", body["email"])

    return forms.sent(work, _page)


@web.post("/settings/members/role")
@access("dashboard", role=roles.OWNER, scope="members:write")
def change_role() -> ResponseReturnValue:
    """Give a member another role."""
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id
    member_id = request.form.get("member_id", "")

    def work() -> ResponseReturnValue:
        wanted = {"role": request.form.get("new_role", "")}
        role = forms.load(MemberChangeSchema, wanted)["role"]
        zeroten().db.transact(
            lambda session: service.change_role(
                session, project_id, member_id, role, actor=actor, if_match=forms.tags()
            )
        )
        return forms.done("web.team", "changed")

    return forms.sent(work, _page)


@web.post("/settings/members/remove")
@access("dashboard", role=roles.OWNER, scope="members:write")
def remove_member() -> ResponseReturnValue:
    """Take a member out of the project."""
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id
    member_id = request.form.get("member_id", "")

    def work() -> ResponseReturnValue:
        zeroten().db.transact(
            lambda session: service.remove(session, project_id, member_id, actor=actor)
        )
        return forms.done("web.team", "removed")

    return forms.sent(work, _page)


@web.post("/settings/members/withdraw")
@access("dashboard", role=roles.OWNER, scope="members:write")
def withdraw() -> ResponseReturnValue:
    """Take an invitation back."""
    project_id, actor = signed_in.project_id(), signed_in.principal().token_id
    invitation_id = request.form.get("invitation_id", "")
    zeroten().db.transact(
        lambda session: invitations.withdraw(session, project_id, invitation_id, actor=actor)
    )
    return forms.done("web.team", "withdrawn")


def _page(form: Form, link: str | None = None, invited: str | None = None) -> Response:
    project_id = signed_in.project_id()
    with zeroten().db.read() as session:
        rows = service.listed(session, project_id)
        open_ones = invitations.listed(session, project_id, utc_now())
    return page(
        "members.html",
        form.status,
        section="Settings",
        rows=rows,
        invitations=open_ones,
        roles=roles.ROLES,
        form=form,
        join_link=link,
        invited=invited,
        told=DONE,
    )
