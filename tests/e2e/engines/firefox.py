"""A small WebDriver BiDi client for the system's Firefox (w3.org/TR/webdriver-bidi)."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from websockets.sync.client import connect

START_S: Final = 60
ANSWER_S: Final = 60
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

    def open(self, person: str) -> Window:
        made = self.send("browsingContext.create", type="tab", userContext=person)
        return Window(self, str(made["context"]))

    def forget(self, person: str) -> None:
        self.send("browser.removeUserContext", userContext=person)

    def stop(self) -> None:
        self._held.close()


class Window:
    """One tab, as Firefox knows it."""

    def __init__(self, firefox: Firefox, context: str) -> None:
        self._firefox, self._context = firefox, context

    def _send(self, method: str, **params: Any) -> dict[str, Any]:
        return self._firefox.send(method, context=self._context, **params)

    def go(self, url: str) -> None:
        self._send("browsingContext.navigate", url=url, wait="complete")

    def back(self) -> None:
        self._send("browsingContext.traverseHistory", delta=-1)

    def close(self) -> None:
        self._send("browsingContext.close")

    def evaluate(self, promise: str) -> Any:
        result = self._firefox.send(
            "script.evaluate",
            expression=promise,
            target={"context": self._context},
            awaitPromise=True,
        )
        if result["type"] != "success":
            raise RuntimeError(result["exceptionDetails"]["text"])
        return result["result"]["value"]

    def perform(self, source: dict[str, Any]) -> None:
        self._send("input.performActions", actions=[source])
