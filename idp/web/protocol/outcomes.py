"""From the engine's outcomes to HTTP: redirects, the page that posts itself, our pages, and error pages."""

from functools import singledispatch
from typing import Any, Final

from werkzeug.wrappers import Response

from idp.foundation.errors import ProtocolError
from idp.foundation.logging import get_logger
from idp.interactions import Interaction
from idp.protocol.checks.redirect_uri import NOT_REGISTERED
from idp.protocol.outcomes import (
    AccountChoiceNeeded,
    ConsentNeeded,
    IdentityNotProven,
    NotAdmitted,
    Outcome,
    Refused,
    Responded,
    SignInNeeded,
)
from idp.protocol.response_modes import mode_of
from idp.protocol.response_modes.query import location
from idp.web import errors
from idp.web.shared.journeys import form_targets, identity_page, path_with, seal, see_other, slip_of
from idp.web.shared.pages import render

SIGN_IN_PATH: Final = "/login"
_log = get_logger(__name__)
_REASONS = {
    NOT_REGISTERED: errors.UNSAFE_RETURN,
    "This client is not registered here.": errors.UNKNOWN_SERVICE,
    "This client is suspended.": errors.SUSPENDED_SERVICE,
}


@singledispatch
def _response(outcome: Any) -> Response:  # noqa: ANN401 - the dispatching default
    raise TypeError(f"no answer for {type(outcome).__name__}")


def outcome_response(outcome: Outcome) -> Response:
    """Return the answer to an outcome."""
    return _response(outcome)


def refusal_page(error: ProtocolError) -> Response:
    """Show an error that nobody else may be told: never a redirect (RFC 6749 §4.1.2.1)."""
    _log.info("authorization_refused", error_code=error.error, reason=error.description)
    first_sentence = error.description.partition(". ")[0].removesuffix(".") + "."
    template = _REASONS.get(first_sentence, errors.BAD_REQUEST)
    return errors.error_page(template, 400, detail=f"{error.error}: {error.description}")


@_response.register
def _(outcome: Refused) -> Response:
    return refusal_page(outcome.error)


@_response.register
def _(outcome: Responded) -> Response:
    carrier = mode_of(outcome.response_mode).carrier
    if carrier == "form":
        return render(
            "protocol/form_post.html",
            service=slip_of(outcome.client),
            form_targets=[outcome.redirect_uri, *form_targets(outcome.client)],
            action=outcome.redirect_uri,
            fields=list(outcome.parameters.items()),
        )
    return see_other(location(outcome.redirect_uri, outcome.parameters, carrier))


@_response.register
def _(outcome: SignInNeeded) -> Response:
    return _page_of_ours(SIGN_IN_PATH, outcome.interaction)


@_response.register
def _(outcome: AccountChoiceNeeded) -> Response:
    return _page_of_ours("/login/account", outcome.interaction)


@_response.register
def _(outcome: ConsentNeeded) -> Response:
    return _page_of_ours("/consent", outcome.interaction)


@_response.register
def _(outcome: NotAdmitted) -> Response:
    return _page_of_ours("/login/not-admitted", outcome.interaction)


@_response.register
def _(outcome: IdentityNotProven) -> Response:
    return identity_page(outcome.client, outcome.ial)


def _page_of_ours(path: str, interaction: Interaction) -> Response:
    sealed = seal(interaction)
    if sealed is None:
        return refusal_page(ProtocolError("invalid_request", "The request is too long; push it first (RFC 9126)."))
    return see_other(path_with(path, sealed))
