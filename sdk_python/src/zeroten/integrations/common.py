"""What the middlewares share: route templates, people, and page events."""

from __future__ import annotations

import re
from typing import Any, Callable

from ..client import Client
from ..people import Person
from ..stats import log

# <int:id> and <id> of Flask and Django; {id:int} and {id} of Starlette; (?P<id>…) of Django's
# regular expressions, up to one level of brackets inside.
_PARAMETERS = (
    re.compile(r"\(\?P<(?P<name>\w+)>(?:[^()]|\([^()]*\))*\)"),
    re.compile(r"<(?:[^<>:]+:)?(?P<name>\w+)>"),
    re.compile(r"\{(?P<name>\w+)(?::[^{}]*)?\}"),
)
_REGEX_SIGNS = re.compile(r"\\[AZb]|[\^$?]|\\(?=[./-])")


def template(route: str) -> str:
    """Return a framework's route as a page template: `/reports/<int:id>` → `/reports/:id`."""
    for pattern in _PARAMETERS:
        route = pattern.sub(r":\g<name>", route)
    return "/" + _REGEX_SIGNS.sub("", route).lstrip("/")


def filled_template(path: str, parameters: dict[str, Any]) -> str:
    """Return `path` with the segments that are parameters replaced by their names."""
    names = {str(value): name for name, value in parameters.items()}
    return "/".join(
        f":{names[part]}" if part and part in names else part for part in path.split("/")
    )


def person(named: Any, page: str | None) -> Person:
    """Return what a host's `user` function gave (an id, a Person, or None) as a person."""
    if isinstance(named, Person):
        return Person(named.user_id, named.account_id, named.anonymous_id, named.page or page)
    return Person(user_id=named, page=page)


def send_page(client: Client, who: Person, method: str, status: int, content_type: str) -> None:
    """Send the page event of a request that showed somebody a page.

    Only answers to GET with status 2xx and HTML are pages; calls of an API are not.
    """
    is_page = method == "GET" and 200 <= status < 300 and content_type.startswith("text/html")
    is_known = who.user_id is not None or who.anonymous_id is not None
    if is_page and is_known and who.page:
        client.page(who.user_id, who.page, anonymous_id=who.anonymous_id, account_id=who.account_id)


def safely(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a host's function or ours; a mistake in it must not break the host's request."""
    try:
        return function(*arguments)
    except Exception:
        log.debug("zeroten: middleware", exc_info=True)
        return None
