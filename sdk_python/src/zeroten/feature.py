"""`client.feature("export_csv")`: one line that says a feature was used, and how it went."""

from __future__ import annotations

import functools
import inspect
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from .people import current_person

if TYPE_CHECKING:
    from .calls import EventCalls

F = TypeVar("F", bound=Callable[..., Any])


class Feature:
    """Decorates functions (also async ones) and is a context manager.

    Tracks the name when the work ends, with `duration_ms` and `ok`; an exception passes through.
    Without a user (none given, none set by `zeroten.as_user` or a middleware) it tracks nothing.
    """

    def __init__(
        self,
        client: EventCalls,
        name: str,
        *,
        user_id: Any = None,
        account_id: Any = None,
        properties: dict[str, Any] | None = None,
    ) -> None:
        self._client = client
        self._name = name
        self._user_id = user_id
        self._account_id = account_id
        self._properties = properties or {}
        self._started: list[float] = []

    def __call__(self, function: F) -> F:
        """Track each call of `function`."""
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def run_async(*args: Any, **kwargs: Any) -> Any:
                with self._fresh():
                    return await function(*args, **kwargs)

            return run_async  # type: ignore[return-value]

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with self._fresh():
                return function(*args, **kwargs)

        return run  # type: ignore[return-value]

    def __enter__(self) -> Feature:
        self._started.append(time.monotonic())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        duration_ms = round((time.monotonic() - self._started.pop()) * 1000, 1)
        person = current_person()
        user_id = person.user_id if self._user_id is None else self._user_id
        account_id = person.account_id if self._account_id is None else self._account_id
        if user_id is None and person.anonymous_id is None:
            return
        details = {**self._properties, "duration_ms": duration_ms, "ok": kind is None}
        if person.page is not None:
            details.setdefault("page", person.page)
        self._client.track(
            user_id,
            self._name,
            details,
            account_id=account_id,
            anonymous_id=person.anonymous_id if user_id is None else None,
        )

    def _fresh(self) -> Feature:
        # One for each call: calls overlap, in threads and in tasks.
        return Feature(
            self._client,
            self._name,
            user_id=self._user_id,
            account_id=self._account_id,
            properties=self._properties,
        )
