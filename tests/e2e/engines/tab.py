"""A tab of any browser with WebDriver: outside it is a person, inside a script."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

TIMEOUT_S: Final = 8.0
# WebDriver's private code points.
KEYS: Final = {
    "Tab": "\ue004",
    "Enter": "\ue007",
    "Shift": "\ue008",
    "Control": "\ue009",
    "Escape": "\ue00c",
    "ArrowLeft": "\ue012",
    "ArrowRight": "\ue014",
}


class Window(Protocol):
    """What a driver can do with one tab."""

    def go(self, url: str) -> None:
        """Go there, and wait until it has loaded."""

    def back(self) -> None:
        """Go to where the tab was before."""

    def close(self) -> None:
        """Close it, as a person does."""

    def evaluate(self, promise: str) -> Any:
        """Return the text that a promise of the page comes to, or raise RuntimeError."""

    def perform(self, source: dict[str, Any]) -> None:
        """Do what one keyboard or mouse does."""


class Browser(Protocol):
    """A running browser."""

    def person(self) -> str:
        """Return storage of its own for the tabs of one test."""

    def open(self, person: str) -> Window:
        """Open a tab."""

    def forget(self, person: str) -> None:
        """Close the person's tabs and lose their storage."""

    def stop(self) -> None:
        """End the browser."""


class Tab:
    """One tab."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.back, self.close = window.back, window.close

    def open(self, url: str) -> Tab:
        self.window.go(url)
        return self

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression (or of its promise), as JSON carries it."""
        promise = f"(async () => JSON.stringify((await ({expression})) ?? null))()"
        return json.loads(self.window.evaluate(promise))

    def wait(self, expression: str, within_s: float = TIMEOUT_S) -> None:
        """Wait until the expression holds."""
        until(lambda: self.evaluate(f"!!({expression})"), within_s, expression)

    def press(self, *keys: str, held: str = "", pause_ms: int = 0) -> None:
        """Press keys one after the other, by name or as the character they type."""
        actions: list[dict[str, Any]] = []
        if held:
            actions.append({"type": "keyDown", "value": KEYS[held]})
        for key in keys:
            value = KEYS.get(key, key)
            actions += [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
            actions.append({"type": "pause", "duration": pause_ms})
        if held:
            actions.append({"type": "keyUp", "value": KEYS[held]})
        self.window.perform({"type": "key", "id": "keyboard", "actions": actions})

    def click(self, x: float, y: float) -> None:
        at = {"type": "pointerMove", "x": round(x), "y": round(y)}
        button = {"button": 0}
        actions = [at, {"type": "pointerDown"} | button, {"type": "pointerUp"} | button]
        self.window.perform({"type": "pointer", "id": "mouse", "actions": actions})


def until(told: Callable[[], Any], within_s: float, what: str) -> Any:
    """Return what `told` says as soon as it says something."""
    deadline = time.monotonic() + within_s
    while not (value := told()):
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(0.05)
    return value
