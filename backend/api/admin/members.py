"""Members of a project and invitations to it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from backend.api.admin.common import (
    AdminBlueprint,
    commit,
    current_project,
    described,
    etag_header,
    if_match,
)
from backend.api.auth import access, principal
from backend.api.schemas.members import (
    CreatedInvitationSchema,
    InvitationsSchema,
    MemberChangeSchema,
    MemberSchema,
    MembersSchema,
    NewInvitationSchema,
)
from backend.api.state import zeroten
from backend.domain.errors import ConflictError, LastOwnerError
from backend.services import invitations
from backend.services import members as service
from backend.services.clock import utc_now

Answer = tuple[dict[str, Any], int, dict[str, str]]

members = AdminBlueprint("members", __name__)


@members.get("/members")
@members.response(200, MembersSchema)
@access("admin", role="admin", scope="members:read")
def list_members() -> dict[str, Any]:
    """List who may enter the project, and as what."""
    project_id = current_project()
    with zeroten().db.read() as session:
        return {"items": service.listed(session, project_id)}


@members.get("/members/<member_id>")
@members.response(200, MemberSchema)
@access("admin", role="admin", scope="members:read")
def get_member(member_id: str) -> Answer:
    """Return one member."""
    project_id = current_project()
    with zeroten().db.read() as session:
        return _answer(service.find(session, project_id, member_id))


@members.patch("/members/<member_id>")
@members.arguments(MemberChangeSchema)
@members.response(200, MemberSchema)
@described(if_match=True, problems=[LastOwnerError, ConflictError])
@access("admin", role="owner", scope="members:write")
def change_member(body: dict[str, Any], member_id: str) -> Answer:
    """Give a member another role. Their sessions end; their tokens never exceed it."""
    project_id, actor, tags = current_project(), principal().token_id, if_match()
    changed = zeroten().db.transact(
        lambda session: service.change_role(
            session, project_id, member_id, body["role"], actor=actor, if_match=tags
        )
    )
    return _answer(changed)


@members.delete("/members/<member_id>")
@members.response(204)
@described(problems=[LastOwnerError, ConflictError])
@access("admin", role="owner", scope="members:write")
def remove_member(member_id: str) -> None:
    """Take a member out of the project: sessions end, tokens are revoked."""
    project_id, actor = current_project(), principal().token_id
    zeroten().db.transact(
        lambda session: service.remove(session, project_id, member_id, actor=actor)
    )


@members.get("/invitations")
@members.response(200, InvitationsSchema)
@access("admin", role="admin", scope="members:read")
def list_invitations() -> dict[str, Any]:
    """List open invitations, without their links."""
    project_id = current_project()
    with zeroten().db.read() as session:
        return {"items": invitations.listed(session, project_id, utc_now())}


@members.post("/invitations")
@members.arguments(NewInvitationSchema)
@members.response(201, CreatedInvitationSchema)
@access("admin", role="owner", scope="members:write")
def create_invitation(body: dict[str, Any]) -> dict[str, Any]:
    """Invite somebody. Hand them the link: it works once, for 7 days, and is not shown again."""
    project_id, actor = current_project(), principal().token_id
    address = zeroten().config.address

    def work(session: Session) -> dict[str, Any]:
        link, token = invitations.invite(session, project_id=project_id, actor=actor, **body)
        return invitations.view(link) | {"link": f"{address}/join#{token}"}

    return commit(work)


@members.delete("/invitations/<invitation_id>")
@members.response(204)
@access("admin", role="owner", scope="members:write")
def withdraw_invitation(invitation_id: str) -> None:
    """Take an invitation back: its link opens nothing any more."""
    project_id, actor = current_project(), principal().token_id
    zeroten().db.transact(
        lambda session: invitations.withdraw(session, project_id, invitation_id, actor=actor)
    )


def _answer(view: dict[str, Any]) -> Answer:
    return view, 200, etag_header(str(view["revision"]))
