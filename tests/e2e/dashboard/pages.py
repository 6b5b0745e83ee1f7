"""The dashboard's pages, for tests that walk them all."""

from __future__ import annotations

from typing import Final

SETTINGS: Final = (
    "/settings",
    *(
        f"/settings/{name}"
        for name in (
            *("keys", "origins", "members", "identity", "features", "pages", "project"),
            *("themes", "releases", "data", "import", "audit"),
        )
    ),
    "/you",
)
# Of the demo; names in braces are what it announces.
DEMO: Final = (
    "/",
    "/explore",
    "/explore/features",
    "/explore/active-use",
    "/explore/active-use/people",
    "/explore/segments",
    "/accounts",
    "/accounts/demo-01",
    "/inbox",
    "/surveys",
    "/surveys/{survey_id}",
    "/surveys/{survey_id}/edit",
    "/surveys/{survey_id}/audience",
    "/explain?user=user-0001",
    "/users/user-0001",
    *SETTINGS,
)
# Those of which the guides show pictures.
PICTURES: Final = {
    "/": "home",
    "/explore": "by-role",
    "/explore/features": "features",
    "/explore/active-use": "active-use",
    "/accounts": "accounts",
    "/users/user-0001": "person",
}
