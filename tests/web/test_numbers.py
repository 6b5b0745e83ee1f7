"""No score anywhere without the number of answers and an interval, on any page, for any role."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from tests.web.conftest import words

BLOCKS = {"tr", "li", "p", "dd", "section", "h1", "h2", "h3"}
INTERVAL = re.compile(r"\d to [+−]?\d|between [+−-]?\d+ and [+−-]?\d")
COUNT = re.compile(r"\d")
# A score in words, and what says how sure it is, before the sentence ends.
SAID = re.compile(r"\bNPS (?:is |of )?([+−]?\d[^.;]*)")
# How a method works in general, and the ends of an axis.
LEFT_OUT = r'(?s)<details class="method">.*?</details>|<span class="ends">.*?</span></span>'
PAGES = [
    "/",
    "/?unit=week",
    "/?window=360",
    "/?segment=account_id:acc_1",
    "/explore",
    "/explore?segment=account_id:acc_1",
    "/explore?by=page",
    "/explore?by=usage_group",
    "/explore/features",
    "/explore/features?kind=pages",
    "/explore/active-use",
    "/explore/segments",
    "/accounts",
    "/accounts?attention=true",
    "/accounts/acc_1",
    "/inbox",
    "/settings/themes",
    "/surveys",
    "/surveys/{survey_id}",
]


class Scores(HTMLParser):
    """Collects each number drawn as a score, with the words of its block and of its section."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[str], list[str]]] = []
        self._open: list[tuple[str, list[str]]] = []
        self._is_score = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BLOCKS:
            self._open.append((tag, []))
        self._is_score = "num" in (dict(attrs).get("class") or "").split()

    def handle_data(self, data: str) -> None:
        for _, texts in self._open:
            texts.append(data)
        if self._is_score:
            self.found.append((data, self._open[-1][1], self._open[0][1]))
        self._is_score = False

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS and self._open and self._open[-1][0] == tag:
            self._open.pop()


def scores_of(html: str) -> list[tuple[str, str, str]]:
    """Return the scores of a page: (number, words of its row or paragraph, of its section)."""
    parser = Scores()
    parser.feed(html)
    return [(score, " ".join(near), " ".join(wide)) for score, near, wide in parser.found]


def test_a_score_that_stands_alone_would_be_found():
    row = '<section><table><tr><th>admin</th><td><b class="num">−29</b></td></tr></table></section>'
    assert [each[:2] for each in scores_of(row)] == [("−29", "admin −29")]
    assert not INTERVAL.search("admin −29")
    assert not COUNT.search("admin ")
    assert SAID.findall("The NPS is 34, up from 20. NPS 12 (3 to 20), n 40")[0] == "34, up from 20"


@pytest.mark.parametrize("role", ["owner", "viewer"])
def test_no_page_shows_a_score_without_its_interval_and_its_n(visit, world, role):
    visitor, drawn, said = visit(role), 0, 0
    for path in PAGES:
        answer = visitor.get(path.format(survey_id=world))
        if answer.status_code == 403:
            continue
        assert answer.status_code == 200, path
        for score, near, wide in scores_of(answer.text):
            drawn += 1
            assert INTERVAL.search(near), (path, near)
            assert COUNT.search(INTERVAL.sub("", wide.replace(score, "", 1))), (path, wide)
        shown = re.sub(LEFT_OUT, "", answer.text)
        for sentence in SAID.findall(words(shown)):
            said += 1
            assert INTERVAL.search(sentence), (path, sentence)
    assert drawn > 10
    assert said > 0 or role == "viewer"
