"""A small WebDriver BiDi client for the system's Firefox (w3.org/TR/webdriver-bidi)."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from websockets.sync.client import connect

START_S: Final = 60
ANSWER_S: Final = 60
TIMEOUT_S: Final = 8.0
# Nothing is fetched, asked or offered by Firefox itself.
PREFS: Final = {
    "app.normandy.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.backup.enabled": False,
    "browser.chrome.site_icons": False,
    "browser.newtabpage.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "messaging-system.rsexperimentloader.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "nimbus.rollouts.enabled": False,
}
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


class Firefox:
    """One headless Firefox with a profile of its own."""

    def __init__(self, binary: str, profile: Path) -> None:
        lines = (f'user_pref("{name}", {json.dumps(value)});' for name, value in PREFS.items())
        (profile / "user.js").write_text("\n".join(lines))
        command = [binary, "--headless", "--no-remote", "--profile", str(profile)]
        self._held = ExitStack()
        log = self._held.enter_context((profile / "log").open("w"))
        process = subprocess.Popen(
            [*command, "--remote-debugging-port", "0"], stdout=log, stderr=log
        )
        self._held.callback(process.wait, 10)
        self._held.callback(process.terminate)
        address = f"{self._address(profile)}/session"
        self._socket = self._held.enter_context(connect(address, max_size=None, proxy=None))
        self._ids = itertools.count(1)
        self.send("session.new", capabilities={})

    def _address(self, profile: Path) -> str:
        for _ in range(START_S * 10):
            found = re.search(r"BiDi listening on (ws://\S+)", (profile / "log").read_text())
            if found:
                return found[1]
            time.sleep(0.1)
        raise RuntimeError("Firefox did not start: " + (profile / "log").read_text()[-500:])

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Send one command; return its result.

        Raises:
            RuntimeError: the browser answered with an error.
        """
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            told = json.loads(self._socket.recv(timeout=ANSWER_S))
            if told.get("id") == number:
                break
        if told["type"] == "error":
            raise RuntimeError(f"{method}: {told['error']}: {told['message']}")
        return dict(told["result"])

    def person(self) -> str:
        """Return storage of its own for the tabs of one test."""
        return str(self.send("browser.createUserContext")["userContext"])

    def forget(self, person: str) -> None:
        self.send("browser.removeUserContext", userContext=person)

    def stop(self) -> None:
        self._held.close()


class Tab:
    """One tab, seen from outside as a person and from inside as a script."""

    def __init__(self, firefox: Firefox, person: str) -> None:
        self.firefox = firefox
        made = firefox.send("browsingContext.create", type="tab", userContext=person)
        self.context = str(made["context"])

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        return self.firefox.send(method, context=self.context, **params)

    def open(self, url: str) -> Tab:
        self.send("browsingContext.navigate", url=url, wait="complete")
        return self

    def back(self) -> None:
        self.send("browsingContext.traverseHistory", delta=-1)

    def close(self) -> None:
        self.send("browsingContext.close")

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression (or of its promise), as JSON carries it."""
        result = self.firefox.send(
            "script.evaluate",
            expression=f"(async () => JSON.stringify((await ({expression})) ?? null))()",
            target={"context": self.context},
            awaitPromise=True,
        )
        if result["type"] != "success":
            raise RuntimeError(result["exceptionDetails"]["text"])
        return json.loads(result["result"]["value"])

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
        self._perform({"type": "key", "id": "keyboard", "actions": actions})

    def click(self, x: float, y: float) -> None:
        at = {"type": "pointerMove", "x": round(x), "y": round(y)}
        button = {"button": 0}
        actions = [at, {"type": "pointerDown"} | button, {"type": "pointerUp"} | button]
        self._perform({"type": "pointer", "id": "mouse", "actions": actions})

    def _perform(self, source: dict[str, Any]) -> None:
        self.send("input.performActions", actions=[source])


def until(told: Callable[[], Any], within_s: float, what: str) -> Any:
    """Return what `told` says as soon as it says something."""
    deadline = time.monotonic() + within_s
    while not (value := told()):
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(0.05)
    return value
