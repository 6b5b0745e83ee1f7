"""A small WebDriver client for the system's WebKitGTK (w3.org/TR/webdriver2)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.request
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError

from tests.contracts.serving import free_port

START_S: Final = 60
ANSWER_S: Final = 60
# The browser that Debian's WebKitGTK comes with, for both versions of its interface.
PLACES: Final = "lib*/**/webkit2gtk-4.*/MiniBrowser"
# What comes of the promise, or what went wrong after an exclamation mark.
AWAIT: Final = (
    "const told = arguments[arguments.length - 1];"
    "({}).then(value => told('=' + value), error => told('!' + error));"
)


def find() -> tuple[str, ...] | None:
    """Return the paths of driver, browser and display server, or None unless all are there."""
    browser = next((str(path) for path in Path("/usr").glob(PLACES)), None)
    found = (shutil.which("WebKitWebDriver"), browser, shutil.which("Xvfb"))
    return tuple(filter(None, found)) if all(found) else None


class WebKit:
    """The driver on a display of its own; each person is a browser without a past."""

    def __init__(self, driver: str, browser: str, display: str, folder: Path) -> None:
        self._held = ExitStack()
        log = self._held.enter_context((folder / "log").open("w"))
        screen = [display, "-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"]
        shown = self._start(screen, stdout=subprocess.PIPE, stderr=log)
        assert shown.stdout is not None
        self._held.callback(shown.stdout.close)
        number = shown.stdout.readline().decode().strip()
        # A container cannot set the sandbox of web processes up; pages here are the tests' own.
        freely = {"DISPLAY": f":{number}", "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}
        self._drive = partial(self._start, stdout=log, stderr=log, env=os.environ | freely)
        self._path = driver
        options = {"binary": browser, "args": ["--automation"]}
        self._wanted = {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
        self._first: dict[str, str] = {}
        self._new_driver()

    def _new_driver(self) -> None:
        port = free_port()
        self._base = f"http://127.0.0.1:{port}"
        self._driver = self._drive([self._path, f"--port={port}"])
        self._until_ready()

    def _start(self, command: list[str], **given: Any) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(command, **given)
        self._held.callback(process.wait, 10)
        self._held.callback(process.terminate)
        return process

    def _until_ready(self) -> None:
        deadline = time.monotonic() + START_S
        while True:
            try:
                self.send("GET", "/status")
            except URLError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def send(self, method: str, path: str, **body: Any) -> Any:
        """Send one command; return its value.

        Raises:
            RuntimeError: the browser answered with an error.
        """
        data = json.dumps(body).encode() if method == "POST" else None
        request = urllib.request.Request(self._base + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
                return json.load(answer)["value"]
        except HTTPError as error:
            with error:
                raise RuntimeError(f"{path}: {error.read().decode()[:300]}") from None

    def person(self) -> str:
        try:
            begun = self.send("POST", "/session", **self._wanted)
        except TimeoutError:
            # On a busy machine a browser now and then never reports to its driver.
            self._driver.kill()
            self._new_driver()
            begun = self.send("POST", "/session", **self._wanted)
        person = f"/session/{begun['sessionId']}"
        self._first[person] = self.send("GET", f"{person}/window")
        return person

    def open(self, person: str) -> Window:
        # Another window is opened from one that is there, and the last one may have been closed.
        self.send("POST", f"{person}/window", handle=self._first[person])
        # A tab in the same window would be hidden: nobody is there to bring it to the front.
        made = self.send("POST", f"{person}/window/new", type="window")
        return Window(self, person, made["handle"])

    def forget(self, person: str) -> None:
        self.send("DELETE", person)

    def stop(self) -> None:
        self._held.close()


class Window:
    """One window, as the driver knows it."""

    def __init__(self, webkit: WebKit, person: str, handle: str) -> None:
        self._webkit, self._person, self._handle = webkit, person, handle

    def _send(self, method: str, path: str, **body: Any) -> Any:
        self._webkit.send("POST", f"{self._person}/window", handle=self._handle)
        return self._webkit.send(method, self._person + path, **body)

    def go(self, url: str) -> None:
        self._send("POST", "/url", url=url)

    def back(self) -> None:
        self._send("POST", "/back")

    def close(self) -> None:
        self._send("DELETE", "/window")

    def evaluate(self, promise: str) -> Any:
        told = self._send("POST", "/execute/async", script=AWAIT.format(promise), args=[])
        if told[0] == "!":
            raise RuntimeError(told)
        return told[1:]

    def perform(self, source: dict[str, Any]) -> None:
        self._send("POST", "/actions", actions=[source])
