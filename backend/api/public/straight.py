"""`POST /v1/decide` past the framework, whose way through a request takes as long as deciding.

Only what is answered with a decision ends here. A refusal goes the way of all requests, with its
reason in the environment, so that the one table of problems, the headers and the log are the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Final

from flask import Flask

from backend.api.headers import ALWAYS, NOT_KEPT, ONLY_TLS, OPEN_TO_PAGES, new_request_id
from backend.api.later import TAKES_LATER, Later
from backend.api.public.routes import FAILED, answer_question, begin_question
from backend.api.state import Zeroten, zeroten
from backend.services.decide_together import Begun

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH: Final = "/v1/decide"


class Straight:
    """WSGI: answers questions of pages, and leaves all else to the framework."""

    def __init__(self, app: Flask, framework: WSGIApplication) -> None:
        self._app = app
        self._framework = framework
        self._parts: Zeroten = app.extensions["zeroten"]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if environ["PATH_INFO"] != PATH or environ["REQUEST_METHOD"] != "POST":
            return self._framework(environ, start_response)
        try:
            with self._app.app_context():
                begun = begin_question(self._app.request_class(environ))
        except Exception as error:
            return self._refused(error, environ, start_response)
        answer = partial(self._answer, begun, environ, start_response)
        if TAKES_LATER not in environ:
            return answer()
        return Later(partial(self._parts.decider.is_decided, begun), answer)

    def _answer(
        self, begun: Begun, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        try:
            with self._app.app_context():
                body, headers = answer_question(begun, environ.get("HTTP_ACCEPT_ENCODING", ""))
                headers += _headers(len(body))
        except Exception as error:
            return self._refused(error, environ, start_response)
        start_response("200 OK", headers)
        return [body]

    def _refused(
        self, error: Exception, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        environ[FAILED] = error  # told by the view of the same address
        return self._framework(environ, start_response)


def _headers(length: int) -> list[tuple[str, str]]:
    tls = [ONLY_TLS] if zeroten().config.is_behind_tls else []
    kept = ("Cache-Control", NOT_KEPT)
    named = ("X-Request-Id", new_request_id())
    return [("Content-Length", str(length)), *ALWAYS, *OPEN_TO_PAGES, *tls, kept, named]
