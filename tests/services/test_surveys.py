import pytest

from backend.domain.errors import ConflictError, InvalidRequestError, NotFoundError
from backend.services import survey_checks, survey_status, surveys
from backend.services.clock import utc_now
from backend.storage.models import Project


def test_a_survey_is_published_once_however_often_it_is_asked_for(db, project):
    def work(session):
        survey = surveys.add(session, project.id, {"name": "NPS"}, actor="test")
        for _ in range(3):
            survey_status.set_status(
                session, project.id, survey.id, "published", actor="test", if_match=None
            )
        return survey.published_version, surveys.versions(session, project.id, survey.id)

    number, versions = db.transact(work)

    assert number == 1
    assert [version["number"] for version in versions] == [1]


def test_the_first_turns_count_from_the_first_publication(db, project):
    def work(session):
        survey = surveys.add(session, project.id, {"name": "NPS"}, actor="test")
        surveys.publish(session, survey)
        first = survey.sampling["started_on"]
        surveys.publish(session, survey)
        return first, survey.sampling["started_on"]

    first, second = db.transact(work)

    assert first == second == utc_now().date().isoformat()


def test_every_fault_is_named_at_once(db, project):
    given = {
        "name": "NPS",
        "content": {"questions": []},
        "targeting": {"audience": {"op": "like"}},
        "sampling": {"segments": [{"when": {"op": "like"}, "rate": 1}]},
    }

    with pytest.raises(InvalidRequestError) as caught:
        db.transact(lambda session: surveys.add(session, project.id, given, actor="test"))

    assert [fault.pointer for fault in caught.value.errors] == [
        "#/content/questions",
        "#/targeting/audience/op",
        "#/sampling/segments/0/when/op",
    ]


def test_a_refused_change_leaves_no_trace(db, project, make_survey):
    survey_id = make_survey()

    def change(session):
        surveys.change(
            session,
            project.id,
            survey_id,
            {"targeting": {"audience": {"op": "like"}}},
            actor="test",
            if_match=frozenset("*"),
        )

    with pytest.raises(InvalidRequestError):
        db.transact(change)
    with db.read() as session:
        found = surveys.listed(session, project.id, status=None, after=None, limit=9)
        assert [survey.revision for survey in found] == [2]


def test_a_survey_of_another_project_cannot_be_paused(db, project, make_project, make_survey):
    theirs = make_survey(make_project().id)

    with pytest.raises(NotFoundError):
        db.transact(
            lambda session: survey_status.set_status(
                session, project.id, theirs, "paused", actor="test", if_match=None
            )
        )


def test_a_draft_cannot_be_paused(db, project):
    def work(session):
        survey = surveys.add(session, project.id, {"name": "NPS"}, actor="test")
        survey_status.set_status(
            session, project.id, survey.id, "paused", actor="test", if_match=None
        )

    with pytest.raises(ConflictError):
        db.transact(work)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, []),
        ({"sampling": {"rate": 0}}, ["rate is 0"]),
        ({"targeting": {"triggers": []}}, ["no trigger"]),
        ({"targeting": {"origins": ["https://other.example"]}}, ["not on the project's list"]),
        (
            {"sampling": {"spread_days": 0}, "limits": {"daily_budget": 9}},
            ["asks those who come first"],
        ),
    ],
)
def test_warnings_say_why_fewer_are_asked(db, project, change, told):
    def work(session):
        survey = surveys.add(session, project.id, {"name": "NPS"} | change, actor="test")
        return survey_checks.warnings(session, survey, utc_now())

    warnings = db.transact(work)

    assert len(warnings) == len(told)
    assert all(part in text for part, text in zip(told, warnings, strict=True))


def test_a_project_that_is_off_or_without_pages_is_warned_of(db, make_project):
    given = make_project(origins=[])

    def work(session):
        session.get(Project, given.id).is_enabled = False
        survey = surveys.add(session, given.id, {"name": "NPS"}, actor="test")
        return survey_checks.warnings(session, survey, utc_now())

    assert [text[:11] for text in db.transact(work)] == ["The project", "The project"]


def test_what_is_archived_can_be_taken_out_again_and_only_that(db, project):
    def work(session):
        survey = surveys.add(session, project.id, {"name": "NPS"}, actor="test")
        given = {"actor": "test", "if_match": None}
        with pytest.raises(ConflictError):
            survey_status.restore(session, project.id, survey.id, **given)
        told = []
        for first in ("archived", "published", "archived"):
            if survey.status == "archived":
                told.append(survey_status.restore(session, project.id, survey.id, **given).status)
            survey_status.set_status(session, project.id, survey.id, first, **given)
        told.append(survey_status.restore(session, project.id, survey.id, **given).status)
        return told

    assert db.transact(work) == ["draft", "paused"]


def test_a_copy_has_the_words_and_rules_and_a_sample_of_its_own(db, project):
    def work(session):
        given = {"name": "A", "template": "ces", "sampling": {"rate": 0.3}}
        first = surveys.add(session, project.id, given, actor="test")
        surveys.publish(session, first)
        return first, surveys.copy(session, project.id, first.id, actor="test")

    first, copied = db.transact(work)
    assert (copied.name, copied.status) == ("Copy of A", "draft")
    assert copied.content == first.content
    assert copied.content["questions"][0]["kind"] == "ces"
    assert copied.sampling["rate"] == 0.3
    assert copied.sampling["salt"] != first.sampling["salt"]
    assert copied.sampling["started_on"] is None
