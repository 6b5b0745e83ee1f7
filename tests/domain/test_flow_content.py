"""What a survey's content must satisfy."""

import copy

import pytest

from backend.domain.flow import check_content, contrast

GOOD = {
    "default_language": "en",
    "questions": [
        {"id": "score", "kind": "nps", "required": True},
        {"id": "role", "kind": "choice", "options": ["dev", "ops"]},
        {"id": "why", "kind": "text", "show_if": {"question": "score", "band": ["detractor"]}},
    ],
    "texts": {
        "en": {
            "questions": {
                "score": {"text": "How likely?", "low": "Not", "high": "Very"},
                "role": {"text": "Role?", "options": {"dev": "Developer", "ops": "Operator"}},
                "why": {"text": "Why?", "by_band": {"detractor": "What is wrong?"}},
            },
            "thanks": {
                "text": "Thanks",
                "by_band": {
                    "promoter": {"link_text": "Go", "link_url": "https://example.com/review"}
                },
            },
        }
    },
    "theme": {"mode": "auto", "accent": "#2f5bea", "position": "bottom-left", "layout": "corner"},
    "later": True,
}


def changed(*steps_and_value):
    *steps, last, value = steps_and_value
    content = copy.deepcopy(GOOD)
    part = content
    for step in steps:
        part = part[step]
    part[last] = value
    return content


def test_good_content_has_no_errors():
    assert check_content(GOOD) == []


@pytest.mark.parametrize(
    "content, pointer",
    [
        (None, "#"),
        ({}, "#/questions"),
        (changed("questions", []), "#/questions"),
        (changed("questions", [{"id": f"q{n}", "kind": "text"} for n in range(21)]), "#/questions"),
        (changed("questions", 0, "id", ""), "#/questions/0/id"),
        (changed("questions", 1, "id", "score"), "#/questions/1/id"),
        (changed("questions", 0, "kind", "slider"), "#/questions/0/kind"),
        (changed("questions", 0, "kind", []), "#/questions/0/kind"),
        (changed("questions", 0, "required", 1), "#/questions/0/required"),
        (changed("questions", 0, "style", "hearts"), "#/questions/0/style"),
        (changed("questions", 1, "options", ["dev"]), "#/questions/1/options"),
        (changed("questions", 1, "options", ["dev", "dev"]), "#/questions/1/options"),
        (changed("questions", 1, "options", [f"o{n}" for n in range(31)]), "#/questions/1/options"),
        (
            changed("questions", 1, {"id": "role", "kind": "rating", "max": 11}),
            "#/questions/1/max",
        ),
        (
            changed("questions", 2, "show_if", {"question": "why", "answered": True}),
            "#/questions/2/show_if/question",
        ),
        (changed("questions", 2, "show_if", {"question": "score"}), "#/questions/2/show_if"),
        (
            changed("questions", 2, "show_if", {"question": "score", "band": ["fan"]}),
            "#/questions/2/show_if/band",
        ),
        (changed("questions", 2, "show_if", {"all": []}), "#/questions/2/show_if/all"),
        (
            changed("questions", 2, "show_if", {"any": [{"question": "later", "in": [1]}]}),
            "#/questions/2/show_if/any/0/question",
        ),
        (changed("default_language", "de"), "#/default_language"),
        (changed("default_language", []), "#/default_language"),
        (changed("texts", {}), "#/texts"),
        (changed("texts", "en", "questions", "why", {}), "#/texts/en/questions/why/text"),
        (changed("texts", "en", "questions", "why", "text", " "), "#/texts/en/questions/why/text"),
        (
            changed("texts", "en", "questions", "why", "text", "x" * 1025),
            "#/texts/en/questions/why/text",
        ),
        (
            changed("texts", "en", "questions", "role", "options", {"dev": "Developer"}),
            "#/texts/en/questions/role/options/ops",
        ),
        (changed("texts", "de", {"questions": {}}), "#/texts/de/questions/score"),
        (changed("texts", "en", "thanks", []), "#/texts/en/thanks"),
        (
            changed("texts", "en", "thanks", "link_url", "javascript:alert(1)"),
            "#/texts/en/thanks/link_url",
        ),
        (
            changed("texts", "en", "thanks", "by_band", "promoter", "link_url", "http://x.test"),
            "#/texts/en/thanks/by_band/promoter/link_url",
        ),
        (changed("theme", "mode", "pink"), "#/theme/mode"),
        (changed("theme", "accent", "red"), "#/theme/accent"),
        (changed("theme", "radius", 99), "#/theme/radius"),
        (changed("theme", "logo", {"path": "<svg>"}), "#/theme/logo/path"),
        (changed("later", "yes"), "#/later"),
    ],
)
def test_what_is_wrong_is_named_by_its_pointer(content, pointer):
    assert pointer in [at for at, _ in check_content(content)]


def test_a_pale_accent_is_refused_with_its_contrast():
    errors = check_content(changed("theme", "accent", "#ffcc00"))

    assert errors == [
        ("#/theme/accent", "Contrast with the panel is 1.51, it must be at least 4.5.")
    ]


def test_a_dark_accent_is_measured_against_the_dark_panel():
    assert check_content(changed("theme", "accent_dark", "#8fb0ff")) == []
    assert [at for at, _ in check_content(changed("theme", "accent_dark", "#202030"))] == [
        "#/theme/accent_dark"
    ]


@pytest.mark.parametrize(
    "first, second, ratio", [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.478)]
)
def test_contrast_is_that_of_wcag(first, second, ratio):
    assert contrast(first, second) == pytest.approx(ratio, abs=0.001)
    assert contrast(second, first) == pytest.approx(ratio, abs=0.001)
