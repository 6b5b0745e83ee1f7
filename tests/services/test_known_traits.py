"""The traits that rules may name: of the project's latest people, whoever else is newer."""

from sqlalchemy import insert

from backend.services import survey_checks
from backend.services.clock import utc_now
from backend.storage.models import User


def add(db, project_id, user_id, **traits):
    row = {
        "project_id": project_id,
        "user_id": user_id,
        "is_anonymous": False,
        "traits": traits,
        "first_seen_at": utc_now(),
        "last_seen_at": utc_now(),
        "activity_day": 0,
        "activity_bits": 0,
    }
    db.write(lambda connection: connection.execute(insert(User), row))


def known(db, project_id):
    with db.read() as session:
        return survey_checks.KnownTraits(session, project_id).people


def test_people_of_another_project_hide_no_trait_and_add_none(
    db, project, make_project, monkeypatch
):
    monkeypatch.setattr(survey_checks, "_LOOKED_AT", 2)
    other = make_project()
    for place in range(3):
        add(db, project.id, f"mine-{place}", seats=place)
    assert known(db, project.id) == {"seats", "role", "plan"}

    for place in range(20):
        add(db, other.id, f"other-{place}", tier="gold")

    assert known(db, project.id) == {"seats", "role", "plan"}
    assert known(db, other.id) == {"tier", "role", "plan"}


def test_a_project_without_people_may_name_any_trait(db, project):
    assert known(db, project.id) is None
