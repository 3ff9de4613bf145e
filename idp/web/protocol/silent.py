"""The authorization that needs no page of its own, answered before Flask: the commonest request a browser makes here
(OpenID Connect Core §3.1.2). Who is signed in and has agreed before goes back to the client, and who is not signed in
goes to the sign-in page. Whatever else is needed is handed on, with what was found out, so that nothing is worked out
twice.
"""

from collections.abc import Mapping
from wsgiref.types import WSGIEnvironment

from idp.protocol.messages import NO_STORE, Answer, parse_parameters
from idp.protocol.outcomes import Outcome, Responded, SignInNeeded
from idp.protocol.response_modes.query import QUERY, location
from idp.web.protocol.outcomes import SIGN_IN_PATH
from idp.web.protocol.parameters import POSTED
from idp.web.shared.cookies import PRESESSION, SESSION, new_presession, own_presession, set_cookie
from idp.web.shared.journeys import path_with
from idp.web.shared.state import NewCookie
from idp.web.shared.surfaces import Surface
from idp.wiring import Services

PATH = "/authorize"
OUTCOME = "idp.authorization"


def answer_silently(environ: WSGIEnvironment, services: Services, surface: Surface) -> Answer | None:
    """Return a redirect, or None with the outcome, if there is one, left in the environment."""
    if environ["REQUEST_METHOD"] != "GET":
        return None
    try:
        parameters = parse_parameters(environ.get("QUERY_STRING", ""))
        return None if POSTED in parameters else _answer(parameters, environ, services, surface)
    except Exception:  # noqa: BLE001 - whatever it was, the view meets the same again, and knows how to tell a person
        return None


def _answer(
    parameters: Mapping[str, str], environ: WSGIEnvironment, services: Services, surface: Surface
) -> Answer | None:
    cookies = environ.get("HTTP_COOKIE", "")
    outcome: Outcome = services.protocol.authorization.begin(parameters, _cookie(cookies, surface.cookie(SESSION)))
    environ[OUTCOME] = outcome
    if isinstance(outcome, Responded) and outcome.response_mode == QUERY.name:
        return _redirect(location(outcome.redirect_uri, outcome.parameters))
    if isinstance(outcome, SignInNeeded):
        return _to_sign_in(outcome, services, surface, _cookie(cookies, surface.cookie(PRESESSION)))
    return None


def _to_sign_in(outcome: SignInNeeded, services: Services, surface: Surface, sent: str | None) -> Answer | None:
    """Return the redirect to the sign-in page; None if its address would be too long."""
    known = own_presession(sent)
    presession = known or new_presession(services.entropy)
    sealed = services.interactions.seal(outcome.interaction, presession)
    if sealed is None:
        return None
    made = () if known else (set_cookie(surface, NewCookie(PRESESSION, presession), secure=services.settings.is_https),)
    return _redirect(path_with(SIGN_IN_PATH, sealed), *made)


def _redirect(to: str, *headers: tuple[str, str]) -> Answer:
    return Answer(303, b"", (("Location", to), *NO_STORE, *headers))


def _cookie(header: str, name: str) -> str | None:
    """Return the first cookie of a name, as Flask would (RFC 6265 §4.2.1); our own values are never quoted."""
    pairs = (pair.strip().partition("=") for pair in header.split(";"))
    return next((value for key, _, value in pairs if key == name), None)
