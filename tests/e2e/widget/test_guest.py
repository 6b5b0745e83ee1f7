"""A guest that leaves no trace (WIDGET_BROWSER B13, B23, B30, B32)."""

from __future__ import annotations

import copy
import json

from backend.services import widget_errors
from tests.contracts.serving import ROOT, eventually
from tests.e2e.widget.scene import NPS


def counters(guest):
    session = guest.page.context.new_cdp_session(guest.page)
    session.send("HeapProfiler.collectGarbage")
    counted = session.send("Memory.getDOMCounters")
    counted |= session.send("Runtime.getHeapUsage")
    session.detach()
    return counted


def test_a_hundred_panels_leave_no_node_no_listener_and_no_memory(scene, guest):
    given = scene(targeting={"triggers": []})
    guest.page.goto(given.page())
    guest.page.wait_for_function("window.zeroten")
    rounds = """async ([content, times]) => {
      for (let at = 0; at < times; at++) {
        await zeroten('preview', content);
        document.querySelector('zeroten-survey').shadowRoot.querySelector('.x').click();
      }
    }"""
    guest.page.evaluate(rounds, [NPS, 5])
    guest.page.wait_for_timeout(600)
    before = counters(guest)

    guest.page.evaluate(rounds, [NPS, 100])
    guest.page.wait_for_timeout(600)

    after = counters(guest)
    assert guest.panel().count() == 0
    assert after["nodes"] - before["nodes"] < 30
    assert after["jsEventListeners"] - before["jsEventListeners"] < 10
    assert after["usedSize"] - before["usedSize"] < 1e6


def test_motion_is_not_forced_on_anybody(scene, guests):
    given = scene()
    guest = guests(reduced_motion="reduce")
    guest.open(given.page())

    running = (
        guest.panel()
        .locator("section")
        .evaluate(
            "node => [getComputedStyle(node).animationName,"
            " node.getAnimations({subtree: true}).length]"
        )
    )

    assert running == ["none", 0]


def test_forced_colours_show_what_is_checked(scene, guests):
    given = scene()
    guest = guests(forced_colors="active")
    guest.open(given.page())
    guest.panel().get_by_role("radio").first.focus()
    guest.page.keyboard.press("7")

    widths = (
        guest.panel()
        .locator("label")
        .evaluate_all("all => all.map(one => getComputedStyle(one).borderTopWidth)")
    )

    assert widths[7] == "3px"
    assert set(widths[:7] + widths[8:]) == {"1px"}


def test_unknown_members_of_a_newer_server_are_ignored(scene, guest):
    given = scene()
    answer_also(guest, {"future": {"deep": [1]}, "show_at": "never"})

    guest.open(given.page()).score(4)

    eventually(lambda: [one["score"] for one in given.responses()] == [4])


def test_a_language_with_other_digits_shows_them_and_sends_ours(scene, guest):
    content = {
        "default_language": "ar-EG",
        "questions": NPS["questions"],
        "texts": {
            "ar-EG": {"questions": {"score": {"text": "ما مدى احتمال؟"}, "why": {"text": "لماذا؟"}}}
        },
    }
    given = scene(content)

    guest.open(given.page())

    section = guest.panel().locator("section")
    assert (section.get_attribute("dir"), section.get_attribute("lang")) == ("rtl", "ar-EG")
    assert guest.panel().locator("label").nth(7).inner_text() == "٧"
    boxes = [guest.panel().get_by_role("radio").nth(at).bounding_box()["x"] for at in (0, 10)]
    assert boxes[0] > boxes[1]
    guest.score(7)
    eventually(lambda: [one["score"] for one in given.responses()] == [7])


def test_the_panel_says_its_own_words_in_the_language_of_the_survey(scene, guest):
    german = {
        "questions": {"score": {"text": "Wie wahrscheinlich?"}, "why": {"text": "Warum?"}},
        "thanks": {"text": "Danke!"},
    }
    given = scene({**NPS, "default_language": "de", "texts": {"de": german}})
    words = json.loads((ROOT / "widget" / "texts.json").read_text())["texts"]["de"]
    answer_also(guest, {"interface": words})

    guest.open(given.page())

    assert guest.button("Später fragen").count() == 1
    assert guest.button("Schließen").count() == 1


def test_content_that_comes_with_the_decision_wins(scene, guest):
    given = scene()
    content = copy.deepcopy(NPS)
    content["texts"]["en"]["questions"]["score"]["text"] = "From the decision?"
    answer_also(guest, {"content": content})

    guest.open(given.page())

    assert guest.heading() == "From the decision?"


def test_a_page_of_before_shows_what_its_configuration_says(scene, guest):
    given = scene()
    guest.page.goto(given.page(tag=""))
    loader = guest.page.request.get(f"{given.server.url}/w/{given.key}.js").text()
    older = loader.replace('"triggers":[', f'"future":1,"content":{json.dumps(NPS)},"triggers":[')
    assert older != loader
    guest.page.context.route(
        "**/w/pk_*.js",
        lambda route: route.fulfill(body=older, headers={"Content-Type": "text/javascript"}),
    )
    answer_also(guest, {"content": None})

    guest.open(given.page()).score(6)

    assert guest.heading() == "What should we do better?"
    eventually(lambda: [one["score"] for one in given.responses()] == [6])


def test_the_address_in_the_configuration_is_asked_in_place_of_the_tag_s(scene, guest):
    given = scene()
    guest.page.goto(given.page(tag=""))
    loader = guest.page.request.get(f"{given.server.url}/w/{given.key}.js").text()
    other = given.server.url.replace("127.0.0.1", "localhost")
    guest.page.context.route(
        "**/w/pk_*.js",
        lambda route: route.fulfill(
            body=loader.replace('"surveys":', f'"base":"{other}/","surveys":'),
            headers={"Content-Type": "text/javascript"},
        ),
    )

    with (
        guest.page.expect_request(f"{other}/v1/decide"),
        guest.page.expect_request(f"{other}/w/panel.*.js"),
    ):
        guest.open(given.page()).score(6)

    eventually(lambda: [one["score"] for one in given.responses()] == [6])


def test_the_kill_switch_leaves_nothing_running(scene, guest):
    given = scene()
    guest.page.goto(given.page(tag=""))
    loader = guest.page.request.get(f"{given.server.url}/w/{given.key}.js").text()
    off = loader.replace('"surveys":', '"off":true,"surveys":')
    assert off != loader
    guest.page.context.route(
        "**/w/pk_*.js",
        lambda route: route.fulfill(body=off, headers={"Content-Type": "text/javascript"}),
    )

    guest.page.goto(given.page())
    guest.page.wait_for_timeout(600)

    assert guest.page.evaluate("[typeof zeroten, localStorage.length]") == ["undefined", 0]
    assert given.decisions() == 0


def test_after_three_errors_of_its_own_it_gives_in_and_says_so_once(scene, guest):
    given = scene(targeting={"triggers": [{"type": "event", "name": "go"}]})
    guest.page.goto(given.page())
    guest.page.wait_for_function("window.zeroten")
    told = []
    guest.page.on(
        "request", lambda one: told.append(one.post_data) if "widget-errors" in one.url else None
    )

    guest.page.evaluate(
        "() => { const {set} = Map.prototype;"
        " Map.prototype.set = () => { throw new TypeError('ada') };"
        " for (let at = 0; at < 5; at++) zeroten('track', 'go'); Map.prototype.set = set; }"
    )

    counted = eventually(lambda: errors_of(given))
    assert [(one["kind"], one["count"]) for one in counted] == [("TypeError", 1)]
    assert counted[0]["place"].startswith("loader.js:")
    guest.page.evaluate("zeroten('track', 'go')")
    guest.page.wait_for_timeout(300)
    assert len(told) == 1 and "ada" not in told[0]
    assert (guest.panel().count(), given.decisions()) == (0, 0)


def errors_of(given):
    with given.server.db.read() as session:
        return widget_errors.latest(session, given.project_id)


def test_debug_says_why(scene, guest):
    given = scene(targeting={"pages": ["/nowhere"]})
    guest.page.goto(given.page())
    guest.page.wait_for_function("window.zeroten")

    report = guest.page.evaluate("zeroten('debug')")

    survey = report["surveys"][0]
    assert (survey["passed"], survey["reason"]) == (False, "page_matches")
    assert report["visitor"]["page"] == "/app"
    assert any("zeroten" in line for line in guest.noticed)
    guest.noticed.clear()


def answer_also(guest, members):
    """Let the server's decisions carry more than they do."""

    def more(route):
        response = route.fetch()
        route.fulfill(response=response, json=response.json() | members)

    guest.page.context.route("**/v1/decide", more)


def test_opening_by_hand_while_a_decision_is_under_way_opens_one_panel(scene, guest):
    given = scene()
    guest.page.goto(given.page())
    guest.page.wait_for_function("window.zeroten")

    guest.page.evaluate("for (let at = 0; at < 3; at++) zeroten('open')")
    guest.wait()
    guest.page.wait_for_timeout(500)

    assert guest.panel().count() == 1
