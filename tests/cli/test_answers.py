"""The commands about answers, called as a person would: the report, and the move from elsewhere."""

import json
import sys
from io import StringIO
from xml.etree import ElementTree

import pytest

from tests.api.admin.insights_world import World, write

FILE = """Response ID,NPS Score,Feedback,Email,Created At,Region
1,10,Great,ada@example.com,2026-05-01T10:00:00Z,EU
2,3,"Slow, sadly",bob@example.com,2026-05-02,US
3,18,,,2026-05-03,EU
4,8,,,soon,EU
"""


class Terminal(StringIO):
    """What a person looks at."""

    def isatty(self):
        return True


@pytest.fixture
def export(tmp_path):
    """Another tool's export."""
    file = tmp_path / "export.csv"
    file.write_text(FILE)
    return str(file)


@pytest.fixture
def survey(make_survey, project):
    """The only survey there is."""
    return make_survey()


def imported(zeroten, *arguments):
    return json.loads(zeroten("import", *arguments, "--json")[1])


def test_a_report_is_printed_or_written_as_one_file(zeroten, db, project, survey, tmp_path):
    write(db, project.id, survey, World(people=120, days=60))
    file = tmp_path / "report.html"

    code, text, _ = zeroten("report")
    assert code == 0
    assert "The score\n---------\nNPS " in text
    assert "Worth a call" in text
    assert "Worth a call" not in zeroten("report", "--for-everyone")[1]
    assert json.loads(zeroten("report", "--json")[1])["level"]["n"] == 120

    assert zeroten("report", "--html", str(file)) == (0, "", f"zeroten: the report is in {file}\n")
    page = file.read_text()
    assert zeroten("report", "--html", "-")[1] == page
    assert "http" not in page
    assert "@media print" in page
    drawing = page[page.index("<svg") : page.index("</svg>") + len("</svg>")]
    assert ElementTree.fromstring(drawing).get("aria-label").startswith("NPS by month")


def test_a_report_is_about_the_window_and_survey_asked_for(zeroten, db, project, survey):
    write(db, project.id, survey, World(people=30, days=30))

    assert "No answers yet." in zeroten("report", "--to", "2020-01-01")[1]
    assert "No answers yet." in zeroten("report", "--survey", "srv_other")[1]
    assert "Must be later than from" in zeroten("report", "--from", "2999-01-01")[2]


def test_a_file_is_tried_first_then_taken_once(zeroten, survey, export):
    code, out, told = zeroten("import", export)
    assert code == 0
    assert "would_be_imported  2" in out
    assert "--apply" in told
    lines = [line.split("  ") for line in out.splitlines()]
    assert ["4", "NPS Score", "Must be a whole number from 0 to 10."] in [
        [cell.strip() for cell in line if cell] for line in lines
    ]
    assert ["(left out)", "Region"] in [line.rsplit(None, 1) for line in out.splitlines()]

    assert imported(zeroten, export)["dry_run"] is True
    assert imported(zeroten, export, "--apply")["imported"] == 2
    again = imported(zeroten, export, "--apply")
    assert (again["imported"], again["already_there"], again["faulty"]) == (0, 2, 2)


def test_unusual_headings_times_and_encodings_are_named(zeroten, survey, tmp_path):
    file = tmp_path / "export.csv"
    file.write_bytes("Note;Datum;Ort\n9;31/12/2025;Köln\n".encode("cp1252"))
    named = ["--column", "score=Note", "--column", "answered_at=Datum", "--trait", "Ort"]

    assert "name its --encoding" in zeroten("import", str(file), *named)[2]
    done = imported(zeroten, str(file), *named, "--time-format", "%d/%m/%Y", "--encoding", "cp1252")
    assert (done["imported"], done["faults"]) == (1, [])


def test_a_heading_that_does_not_fit_is_a_mistake(zeroten, survey, tmp_path):
    file = tmp_path / "export.csv"
    file.write_text("a,b\n1,2\n")

    code, out, told = zeroten("import", str(file), "--apply")

    assert code == 2
    assert "No column holds the score: name it." in out
    assert "the heading of the file does not fit" in told


def test_the_survey_is_named_where_there_are_none_or_two(zeroten, project, export, make_survey):
    assert "zeroten survey create" in zeroten("import", export)[2]
    survey_id = make_survey()
    make_survey()
    assert "--survey" in zeroten("import", export)[2]
    assert zeroten("import", export, "--survey", survey_id)[0] == 0
    assert "no such thing" in zeroten("import", export, "--survey", "srv_none")[2]


def test_a_person_sees_how_far_it_is(zeroten, survey, export, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    zeroten("import", export, "--apply")

    assert "█ 2 of 2 answers\n" in terminal.getvalue()


@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "--from", "yesterday"),
        ("import", "x.csv", "--column", "score"),
        ("import", "x.csv", "--column", "mood=Note"),
    ],
)
def test_what_cannot_be_read_is_told(zeroten, arguments):
    with pytest.raises(SystemExit, match="2"):
        zeroten(*arguments)
