"""The authorization of somebody who is signed in and has agreed before, answered before Flask: the commonest request a
browser makes here (OpenID Connect Core §3.1.2). Whatever needs a page is handed on, with what was found out, so that
nothing is worked out twice.
"""

from wsgiref.types import WSGIEnvironment

from idp.protocol.messages import NO_STORE, Answer, parse_parameters
from idp.protocol.outcomes import Outcome, Responded
from idp.protocol.response_modes.query import QUERY, location
from idp.web.protocol.parameters import POSTED
from idp.wiring import Services

PATH = "/authorize"
OUTCOME = "idp.authorization"


def answer_silently(environ: WSGIEnvironment, services: Services, session_cookie: str) -> Answer | None:
    """Return the redirect back to the client, or None with the outcome, if there is one, left in the environment."""
    cookie = _cookie(environ.get("HTTP_COOKIE", ""), session_cookie)
    if cookie is None or environ["REQUEST_METHOD"] != "GET":
        return None
    try:
        parameters = parse_parameters(environ.get("QUERY_STRING", ""))
        if POSTED in parameters:
            return None
        outcome: Outcome = services.protocol.authorization.begin(parameters, cookie)
    except Exception:  # noqa: BLE001 - whatever it was, the view meets the same again, and knows how to tell a person
        return None
    if isinstance(outcome, Responded) and outcome.response_mode == QUERY.name:
        return Answer(303, b"", (("Location", location(outcome.redirect_uri, outcome.parameters)), *NO_STORE))
    environ[OUTCOME] = outcome
    return None


def _cookie(header: str, name: str) -> str | None:
    """Return the first cookie of a name, as Flask would (RFC 6265 §4.2.1); our own values are never quoted."""
    pairs = (pair.strip().partition("=") for pair in header.split(";"))
    return next((value for key, _, value in pairs if key == name), None)
