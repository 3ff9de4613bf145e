"""The authorization endpoint (RFC 6749 §3.1): parse, ask the engine, answer."""

from flask import request
from werkzeug.wrappers import Response

from idp.foundation.errors import ProtocolError
from idp.protocol.outcomes import Outcome
from idp.web.protocol.outcomes import outcome_response, refusal_page
from idp.web.protocol.parameters import browser_parameters, refuse_head, to_get_form
from idp.web.protocol.silent import OUTCOME
from idp.web.shared import cookies
from idp.web.shared.guards import public
from idp.web.shared.journeys import current_interaction, restart_page
from idp.web.shared.services import services


@public
def authorize() -> Response:
    """Begin an authorization."""
    refuse_head("GET", "POST")
    found: Outcome | None = request.environ.get(OUTCOME)
    if found is not None:
        return outcome_response(found)
    try:
        if request.method == "POST":
            return to_get_form()
        parameters = browser_parameters()
    except ProtocolError as error:
        return refusal_page(error)
    return outcome_response(services().protocol.authorization.begin(parameters, cookies.session_cookie()))


@public
def resume() -> Response:
    """Go on after the person has signed in."""
    refuse_head("GET")
    interaction = current_interaction()
    if interaction is None or interaction.client_id is None:
        return restart_page()
    return outcome_response(services().protocol.authorization.resume(interaction, cookies.session_cookie()))
