"""What a viewer gets over REST: no number, and no difference of two, is about one to four people.

From the outside, as somebody would try it: every endpoint a viewer may call, cut by windows that
lie within one another and by segments beside everybody, and every count of the answers.
"""

from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise

import pytest
from sqlalchemy import delete, select, update

from backend.storage.models import Response
from tests.api.admin.insights_world import World, write

CUT = (
    "score",
    "trend?unit=month",
    "trend?unit=quarter",
    *(f"breakdown?by={by}" for by in ("role", "plan", "page", "version", "seats", "usage_group")),
    "breakdown?by=survey_version",
    "breakdown?by=display_number",
)
FIXED = (
    "features",
    "features?kind=pages",
    "drift",
    "repeats",
    "active-use",
    "answered",
    "comments",
    "planning",
)
SEGMENTS = (
    "",
    "role=admin",
    "role=rare",
    "plan=pro",
    "version=1.0",
    "survey_version=v1",
    "category=detractor",
    "score_max=8",
    "verified=true",
    "trait=seats:1",
    "role=admin&plan=pro",
)
BANDS = ("promoters", "passives", "detractors")
COUNTS = ("n", "of", "comments", "read", "no_theme", "left_out", "n_users", "n_nonusers", *BANDS)
WORLDS = {
    "few": World(people=14, days=100, answers_each=1, unanswered=3, accounts=2),
    "rare values": World(
        people=90, days=220, roles=("admin",) * 9 + ("rare",), unanswered=2, accounts=4
    ),
    "many happy": World(people=420, days=200, answers_each=1, scores=(9,) * 30 + (10,) * 9 + (3,)),
    "comments": World(people=150, days=60, answers_each=1, comments=("slow", None, "slow export")),
}

# What is hidden is decided after the rows have been read: one engine is enough.
pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


def counts(value, at=()):
    """Every count of an answer by its place, rows by what they are about."""
    if isinstance(value, list):
        for i, one in enumerate(value):
            named = isinstance(one, dict) and next(
                (
                    str(one[k])
                    for k in ("value", "name", "bucket", "step", "theme", "term")
                    if k in one
                ),
                None,
            )
            yield from counts(one, (*at, named or str(i)))
    elif isinstance(value, dict):
        for name, one in value.items():
            if name in COUNTS and isinstance(one, int):
                yield (*at, name), one
            elif name == "distribution" and one is not None:
                yield from (((*at, f"score {i}"), n) for i, n in enumerate(one))
            else:
                yield from counts(one, (*at, name))


def is_small(n):
    return 0 < abs(n) < 5


def windows():
    """Windows that begin ever earlier: each lies within the next."""
    today = datetime.now(UTC).date()
    return [f"from={today - timedelta(days=days)}" for days in (20, 70, 260)]


@pytest.fixture(params=WORLDS)
def world(request, db, project, make_survey):
    write(db, project.id, make_survey(), WORLDS[request.param])

    def by_hand(connection):
        some = connection.execute(select(Response.id).order_by(Response.id)).scalars().all()[::29]
        changed = update(Response).where(Response.id.in_(some))
        connection.execute(changed.values(is_manual=True, admission_probability=None))

    db.write(by_hand)
    return project


@pytest.fixture
def told(call, world):
    """What a viewer gets for a path and its query: counts by place."""

    def told(path, *query):
        mark = "&" if "?" in path else "?"
        url = f"/insights/{path}{mark}{'&'.join(filter(None, query))}"
        found = call("GET", url, token=world.viewer_token)
        assert found.status_code == 200, (url, found.text)
        return found.json, dict(counts(found.json))

    return told


def test_every_endpoint_that_a_viewer_may_call_is_among_these(client, call, project):
    rules = {r.rule for r in client.application.url_map.iter_rules() if "GET" in r.methods}
    paths = {
        r.removeprefix("/api/v1/insights/") for r in rules if r.startswith("/api/v1/insights/")
    }
    open_to_viewers = {
        path
        for path in paths
        if "<" not in path
        and call("GET", f"/insights/{path}", token=project.viewer_token).status_code != 403
    }

    tested = {path.partition("?")[0] for path in CUT + FIXED}
    # Neither has answers in it.
    assert open_to_viewers - tested == {"methods", "settings"}


def test_no_count_and_no_difference_of_two_is_about_one_to_four_people(told):
    for path in CUT:
        for segment in SEGMENTS:
            nested = [told(path, window, segment) for window in windows()]
            for table, found in nested:
                assert not [at for at, n in found.items() if is_small(n)], (path, segment)
                assert_no_part_is_alone(table, (path, segment))
            # A segment that some windows leave away is another question there.
            for (a, one), (b, other) in combinations(nested, 2):
                if a["segment"] == b["segment"]:
                    assert_no_difference(one, other, (path, segment))
    for window in windows():
        whole, of_all = told("score", window)
        for segment in SEGMENTS:
            _, part = told("score", window, segment)
            assert_no_difference(of_all, part, ("score", window, segment))
        for path in CUT[3:]:
            for row in told(path, window)[0]["rows"]:
                assert row["n"] is None or not is_small(whole["n"] - row["n"]), (path, row)


def test_no_count_of_the_usual_window_is_about_one_to_four_people(told):
    for path in FIXED:
        _, found = told(path)
        assert not [at for at, n in found.items() if is_small(n)], path
        assert [told(path, segment)[1] for segment in SEGMENTS[1:4]] == [found] * 3
    steps = told("answered")[0]["funnel"]
    for before, after in pairwise(steps):
        if None not in (before["n"], after["n"]):
            assert not is_small(before["n"] - after["n"])
    assert_comments_do_not_meet(told("comments")[0])
    assert_fifths_are_whole(told("active-use")[0])


def test_how_many_were_sampled_but_never_saw_it_follows_from_nothing(
    call, db, project, make_survey
):
    world = World(people=60, days=30, answers_each=1, unanswered=20, accounts=1)
    write(db, project.id, make_survey(), world)
    silent = select(Response.id).where(Response.score.is_(None)).limit(2)
    db.write(lambda connection: connection.execute(delete(Response).where(Response.id.in_(silent))))

    found = call("GET", "/insights/answered", token=project.viewer_token).json

    steps = {step["step"]: step["n"] for step in found["funnel"]}
    assert (steps["sampled"], steps["shown"]) == (80, None)
    assert set(found["response_rate"].values()) == {None}
    assert [row for row in found["rows"] if row["asked"] or row["answered"]] == []
    assert "78" not in found["sentence"]


def assert_no_difference(one, other, about):
    for at in one.keys() & other.keys():
        assert not is_small(one[at] - other[at]), (about, at, one[at], other[at])


def assert_no_part_is_alone(table, about):
    for one in (table.get("estimands") or {}).values():
        assert one is None or not is_small(table["n"] - one["level"]["n"]), about
    for name in ("level", "unweighted"):
        if name in table:
            assert not is_small(table["n"] - table[name]["n"]), about
    if table["segment"]:
        assert not [at for at, _ in counts(table) if at[-1] in BANDS], about
    share = table["unverified"]["share"]
    assert share is None or not is_small(round(share * table["n"])), about


def assert_comments_do_not_meet(table):
    assert table["no_theme"] is None
    for row in table["rows"]:
        assert row["matched"] == {}
        assert row["quotes"] == []
        assert not is_small(table["comments"] - row["comments"])


def assert_fifths_are_whole(table):
    fifths = {}
    for cell in table["hotspots"]["cells"]:
        fifths.setdefault(cell["usage_group"], []).append(cell["n"] is None)
    assert all(len(set(hidden)) == 1 for hidden in fifths.values())
    assert sum(hidden[0] for hidden in fifths.values()) != 1
    assert sum(p["n"] for p in table["rows"]) in (0, table["hotspots"]["n"])


def test_an_nps_without_its_counts_is_in_whole_points(told):
    table, _ = told("score", "role=admin")
    level = table["unweighted"]

    if level["nps"] is not None and table["segment"]:
        assert [level[name] for name in BANDS] == [None] * 3
        assert level["n_eff"] is None
        assert all(level[name] == round(level[name]) for name in ("nps", "lower", "upper"))


def test_nobody_tries_words_of_their_own_who_may_not_read_comments(call, project):
    body = {"themes": [{"name": "x", "patterns": ["slow*"]}]}

    mine = call("POST", "/insights/themes/try", json=body, token=project.viewer_token)

    assert mine.status_code == 403
    assert call("POST", "/insights/themes/try", json=body).status_code == 200
