"""The system's Firefox and WebKitGTK, and a person with a tab in one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.engines import webkit
from tests.e2e.engines.firefox import Firefox
from tests.e2e.engines.tab import Browser, Tab
from tests.e2e.widget.conftest import host, scene, server
from tools.browsers import find_firefox, must_have_firefox

__all__ = ["host", "scene", "server"]

ROOT = "document.querySelector('zeroten-survey')?.shadowRoot"
# The panel lets clicks through for a moment, for those that were meant for the page.
ARMED = f"{ROOT}?.querySelector('section input') && !{ROOT}.querySelector('section.w')"


class Guest(Tab):
    """A tab with the widget's panel in it."""

    def panel(self) -> Guest:
        """Wait until the panel takes clicks."""
        self.wait(ARMED)
        return self

    def count(self) -> int:
        return int(self.evaluate("document.querySelectorAll('zeroten-survey').length"))

    def inside(self, expression: str) -> object:
        """Return an expression's value, in which `root` is the panel's shadow root."""
        return self.evaluate(f"(root => {expression})({ROOT})")

    def heading(self) -> str:
        return str(self.inside("root.querySelector('h2').textContent"))

    def tap(self, selector: str) -> None:
        """Click the middle of the first node of the panel that fits."""
        box = f"root.querySelector({selector!r}).getBoundingClientRect()"
        x, y = self.inside(f"(b => [b.x + b.width / 2, b.y + b.height / 2])({box})")  # type: ignore[misc]
        self.click(x, y)

    def score(self, score: int) -> None:
        self.tap(f'input[value="{score}"]')


@pytest.fixture(scope="session", params=["firefox", "webkit"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """Start each browser once for all tests."""
    running = START[request.param](tmp_path_factory.mktemp(request.param))
    yield running
    running.stop()


def start_firefox(folder: Path) -> Browser:
    binary = find_firefox()
    if binary is None:
        end = pytest.fail if must_have_firefox() else pytest.skip
        end("no Firefox here: install firefox-esr, or set FIREFOX to its path")
    return Firefox(binary, folder)


def start_webkit(folder: Path) -> Browser:
    found = webkit.find()
    if found is None:
        pytest.skip("no WebKitGTK here: install webkit2gtk-driver and xvfb")
    return webkit.WebKit(*found, folder)


START: dict[str, Callable[[Path], Browser]] = {"firefox": start_firefox, "webkit": start_webkit}


@pytest.fixture
def tabs(engine: Browser) -> Iterator[Callable[[], Guest]]:
    """Open tabs of one person, whose storage goes with the test."""
    person = engine.person()
    yield lambda: Guest(engine.open(person))
    engine.forget(person)


@pytest.fixture
def tab(tabs: Callable[[], Guest]) -> Guest:
    """One such tab."""
    return tabs()
