"""What guards cost a request in CPU time of the application: a signed user, a refusal by limit.

The application is called as gunicorn calls it, without the network, in blocks taken in turns: CPU
time and the median of paired ratios are steady where other work shares the machine. The database is
in memory where the system has a place for that: the CPU time of an fsync varies by more than what
is measured here, and without it the ratios are the stricter ones. Every question is of a person
never seen before, who is asked, as in `bench/decide.py`.
"""

from __future__ import annotations

import io
import itertools
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import jwt
from flask import Flask

from backend.app import create_app
from backend.config import Config
from backend.services import identity_secrets, projects, surveys
from backend.storage.migrate import migrate
from bench.server import ORIGIN

BLOCKS: Final = 21
A_BLOCK: Final = 100
_MEMORY: Final = Path("/dev/shm")


def run() -> Iterator[dict[str, object]]:
    """Yield the cost of a signed decide beside an unsigned one, of a 429 beside a 200."""
    with TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        yield signed(Caller(Path(folder) / "identity", rate_limits=False))
        yield refused(Caller(Path(folder) / "limits", rate_limits=True))


def signed(caller: Caller) -> dict[str, object]:
    """Return the row of the identity check: ratio 1.10 is 10 % more."""
    plain = caller.project()
    signing = caller.project()
    kid, secret = caller.sign(signing)
    unsigned, tokens = [], []
    for _ in range(BLOCKS * A_BLOCK):
        unsigned.append(caller.question(plain))
        tokens.append(caller.question(signing, lambda user: token(user, kid, secret, signing)))
    return row("identity_check_cpu", *in_turn(caller, tokens, unsigned, (200, 200)))


def refused(caller: Caller) -> dict[str, object]:
    """Return the row of a 429; questions are spread over addresses to be served at all."""
    project = caller.project()
    served = [caller.question(project) for _ in range(BLOCKS * A_BLOCK)]
    flood = [caller.question(project, address="192.0.2.1") for _ in range(BLOCKS * A_BLOCK)]
    for question in [caller.question(project, address="192.0.2.1") for _ in range(1_300)]:
        caller.call(question)
    return row("refusal_cpu", *in_turn(caller, flood, served, (429, 200)))


class Caller:
    """The application on an empty SQLite file, called without a server."""

    def __init__(self, folder: Path, *, rate_limits: bool) -> None:
        folder.mkdir()
        self.app: Flask = create_app(Config(data_dir=folder, rate_limits=rate_limits))
        self.parts: Any = self.app.extensions["zeroten"]
        migrate(self.parts.db.engine)
        self._numbers = itertools.count()

    def project(self) -> projects.NewProject:
        """Return a new project with one survey that asks everybody."""

        def work(session: Any) -> projects.NewProject:
            made = projects.create(session, name="Bench", origins=[ORIGIN])
            survey = surveys.create(
                session,
                made.project.id,
                name="NPS",
                targeting={"old_enough_days": 0},
                sampling={"spread_days": 0},
            )
            surveys.publish(session, survey)
            return made

        made: projects.NewProject = self.parts.db.transact(work)
        return made

    def sign(self, project: projects.NewProject) -> tuple[str, str]:
        """Give the project an identity secret; return its id and text."""
        secret, text = self.parts.db.transact(
            lambda session: identity_secrets.add(
                session, self.parts.vault, project.project.id, actor="bench"
            )
        )
        return secret.id, text

    def question(
        self,
        project: projects.NewProject,
        token_of: Callable[[str], str] | None = None,
        address: str = "",
    ) -> dict[str, Any]:
        """Return the WSGI environment of a decide about a new person."""
        number = next(self._numbers)
        document = {
            "publishable_key": project.publishable_key,
            "user_id": f"user-{number}",
            "account": {"id": f"account-{number % 500}"},
            "page": f"/reports/{number}",
            "language": "en-GB",
            "device": "desktop",
        }
        facts = {"role": "member", "plan": "pro"}
        document |= (
            {"identity_token": token_of(f"user-{number}")} if token_of else {"traits": facts}
        )
        body = json.dumps(document).encode()
        return {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/v1/decide",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": address or f"198.51.{number // 250 % 250}.{number % 250}",
            "HTTP_ORIGIN": ORIGIN,
            "CONTENT_TYPE": "text/plain",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
        }

    def call(self, environ: dict[str, Any]) -> int:
        """Serve one request; return its status."""
        statuses: list[int] = []

        def start(status: str, _headers: object, _error: object = None) -> Callable[[bytes], None]:
            statuses.append(int(status[:3]))
            return lambda _data: None

        for _ in self.app(environ, start):
            pass
        return statuses[0]


def token(user: str, kid: str, secret: str, project: projects.NewProject) -> str:
    """Return a token as a host's server makes it, with the traits that the page says otherwise."""
    now_s = int(time.time())
    claims = {
        "sub": user,
        "aud": project.project.id,
        "iat": now_s,
        "exp": now_s + 3600,
        "role": "member",
        "plan": "pro",
    }
    return jwt.encode(claims, secret, "HS256", headers={"kid": kid})


def in_turn(
    caller: Caller,
    one: list[dict[str, Any]],
    other: list[dict[str, Any]],
    statuses: tuple[int, int],
) -> tuple[float, float, float]:
    """Return the CPU microseconds of a request of each kind, and the median of paired ratios."""
    taken: list[tuple[float, float]] = []
    for number in range(BLOCKS):
        block = slice(number * A_BLOCK, (number + 1) * A_BLOCK)
        pair = (cpu_us(caller, one[block], statuses[0]), cpu_us(caller, other[block], statuses[1]))
        taken.append(pair)
    del taken[0]  # the first block meets empty caches
    ratios = [first / second for first, second in taken]
    return median(pair[0] for pair in taken), median(pair[1] for pair in taken), median(ratios)


def cpu_us(caller: Caller, block: list[dict[str, Any]], status: int) -> float:
    """Return the CPU microseconds of a request, all of which must be answered by `status`."""
    started = time.process_time()
    answered = {caller.call(environ) for environ in block}
    took = time.process_time() - started
    assert answered == {status}, answered
    return took / len(block) * 1e6


def row(name: str, value: float, floor: float, ratio: float) -> dict[str, object]:
    """Return one line of output; the ratio is the median of the pairs'."""
    return {
        "name": name,
        "value": round(value, 1),
        "unit": "us",
        "floor": round(floor, 1),
        "ratio": round(ratio, 3),
    }
