"""The catalogue of features: what is renamed, grouped and hidden when reports are read."""

import numpy as np
import pytest
from sqlalchemy import insert

from backend.domain.activity import pack_recent
from backend.domain.calendar import day_number
from backend.domain.errors import InvalidRequestError, NotFoundError
from backend.domain.limits import OTHER
from backend.services import features
from backend.services.clock import utc_now
from backend.storage import answers, answers_used
from backend.storage.models import Name, User
from tests.conftest import ORIGIN


@pytest.fixture
def ids(db, project):
    """Names that were sent, with their ids."""

    def work(session):
        names = [
            Name(project_id=project.id, kind="feature", name=name)
            for name in ("csv_export", "export_csv", "share", "debug_ping")
        ]
        session.add_all(names)
        session.flush()
        return {name.name: name.id for name in names}

    return db.transact(work)


@pytest.fixture
def arrange(db, project, ids):
    def call(*names, label=None, is_hidden=False):
        db.transact(
            lambda session: features.arrange(
                session,
                project.id,
                "feature",
                names=names,
                label=label,
                is_hidden=is_hidden,
                actor="cli",
            )
        )

    return call


def listed(db, project):
    with db.read() as session:
        items = features.catalogue(session, project.id, "feature")["items"]
    return {item["label"]: (item["names"], item["is_hidden"]) for item in items}


def read(db, project, ids, *rows):
    """Return the labels that answers with these names are read with, answer by answer."""
    with db.read() as session:
        names = answers_used.NAMES(session.connection(), (project.id,)).fetchall()
    one = {
        "features": np.array([ids[name] for row in rows for name in row], np.int64),
        "features_lengths": np.array([len(row) for row in rows], np.int64),
    }
    used = answers_used.used_before(one, "features", names)
    return [
        sorted(used.labels[i] for i in used.ids[start:end].tolist())
        for start, end in zip(used.indptr, used.indptr[1:], strict=False)
    ]


def test_names_stand_for_themselves_at_first(db, project, ids):
    assert listed(db, project) == {name: ([name], False) for name in ids}


def test_a_renamed_feature_is_read_by_its_label_and_can_have_its_name_back(
    db, project, ids, arrange
):
    arrange("share", label="Sharing")
    assert listed(db, project)["Sharing"] == (["share"], False)
    assert read(db, project, ids, ["share"]) == [["Sharing"]]
    arrange("share")
    assert read(db, project, ids, ["share"]) == [["share"]]


def test_grouped_names_are_one_feature_and_count_once_in_an_answer(db, project, ids, arrange):
    arrange("csv_export", "export_csv", label="Export")
    assert listed(db, project)["Export"] == (["csv_export", "export_csv"], False)
    rows = (["csv_export", "export_csv", "share"], [], ["export_csv"])
    assert read(db, project, ids, *rows) == [["Export", "share"], [], ["Export"]]


def test_a_hidden_name_is_left_out_of_reports(db, project, ids, arrange):
    arrange("debug_ping", is_hidden=True)
    assert listed(db, project)["debug_ping"] == (["debug_ping"], True)
    assert read(db, project, ids, ["debug_ping", "share"], ["debug_ping"]) == [["share"], []]


def test_a_change_of_the_catalogue_is_noticed_by_what_keeps_answers(db, project, arrange):
    def stamp():
        with db.read() as session:
            return answers.stamp(session.connection(), project.id)

    before = stamp()
    arrange("share", label="Sharing")
    assert stamp() != before


def test_what_was_never_sent_or_did_not_fit_cannot_be_arranged(arrange):
    with pytest.raises(NotFoundError):
        arrange("never_sent", label="X")
    with pytest.raises(InvalidRequestError):
        arrange(OTHER, label="X")


def test_names_over_the_cap_are_reported(db, project, ids):
    def over():
        with db.read() as session:
            listed = features.catalogue(session, project.id, "feature")
            return listed["names"], listed["names_over_cap"]

    assert over() == (4, False)
    db.transact(
        lambda session: session.add(Name(project_id=project.id, kind="feature", name=OTHER))
    )
    assert over() == (4, True)


def test_admins_arrange_over_rest_and_viewers_only_look(client, project, ids):
    def call(method, token, **given):
        headers = {"Authorization": f"Bearer {token}"}
        return client.open("/api/v1/features", method=method, headers=headers, **given)

    body = {"names": ["csv_export", "export_csv"], "label": "Export"}
    assert call("POST", project.viewer_token, json=body).status_code == 403
    assert call("POST", project.admin_token, json=body).status_code == 200
    labels = [item["label"] for item in call("GET", project.viewer_token).json["items"]]
    assert labels == ["Export", "debug_ping", "share"]


@pytest.mark.parametrize("feature", ["Export", "csv_export"])
def test_a_rule_about_use_reads_the_catalogue(
    db, project, client, ids, arrange, make_survey, feature
):
    audience = {"op": "used", "feature": feature, "days": 30}
    make_survey(targeting={"audience": audience})

    def is_asked(user_id, name):
        today = day_number(utc_now().date())
        used = {ids[name]: today - 1}
        row = insert(User).values(
            project_id=project.id, user_id=user_id, is_anonymous=False, traits={},
            first_seen_at=utc_now(), last_seen_at=utc_now(), recent_use=pack_recent(used),
            activity_day=today - 1, activity_bits=1,
        )  # fmt: skip
        db.write(lambda connection: connection.execute(row))
        question = {"publishable_key": project.publishable_key, "page": "/", "user_id": user_id}
        asked = client.post("/v1/decide", json=question, headers={"Origin": ORIGIN})
        return asked.json["show"]

    is_label = feature == "Export"
    assert is_asked("before", "csv_export") is not is_label, "a name as it was sent"
    arrange("csv_export", "export_csv", label="Export")
    # By its label a feature is all of its names; a name is still that event alone.
    assert is_asked("of this name", "csv_export")
    assert is_asked("of the other name", "export_csv") is is_label
    assert not is_asked("of neither", "share")
