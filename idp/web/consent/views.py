"""Shows the consent page and takes the answer (OpenID Connect Core §3.1.2.4, NIST 800-63C §4.6.1)."""

from flask import request
from werkzeug.wrappers import Response

from idp.protocol.consent_request import ConsentRequest
from idp.protocol.outcomes import Outcome
from idp.web.consent.display import context_of
from idp.web.protocol.outcomes import outcome_response
from idp.web.shared import cookies
from idp.web.shared.guards import public
from idp.web.shared.journeys import current_interaction, form_targets, restart_page, slip_of
from idp.web.shared.pages import render
from idp.web.shared.services import services

_TEMPLATES = {"consent": "consent/consent.html", "statutory": "consent/statutory.html"}


@public
def ask() -> Response:
    """Show what the client would learn."""
    interaction = current_interaction()
    if interaction is None:
        return restart_page()
    return _answer(services().protocol.authorization.ask_consent(interaction, cookies.session_cookie()))


@public
def decide() -> Response:
    """Take the person's answer."""
    interaction = current_interaction()
    if interaction is None:
        return restart_page()
    decided = services().protocol.authorization.decide_consent(
        interaction,
        cookies.session_cookie(),
        is_allowed=request.form.get("answer") == "allow",
        ticked=frozenset(request.form.getlist("claim")),
        displayed=request.form.get("displayed", ""),
    )
    return _answer(decided)


def _answer(asked: ConsentRequest | Outcome) -> Response:
    if not isinstance(asked, ConsentRequest):
        return outcome_response(asked)
    return render(
        _TEMPLATES[asked.basis],
        service=slip_of(asked.client),
        form_targets=form_targets(asked.client),
        **context_of(asked),
    )
