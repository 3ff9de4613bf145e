"""The end-session endpoint (OpenID Connect RP-Initiated Logout §2): out at once when the client's hint proves that it
speaks for this session, else the person is asked.
"""

from flask import request
from werkzeug.wrappers import Response

from idp.foundation.errors import ProtocolError
from idp.protocol.logout.end_session import LogoutRequest
from idp.web.logout.views import ask_path, sign_out
from idp.web.protocol.outcomes import refusal_page
from idp.web.protocol.parameters import browser_parameters, refuse_head, to_get_form
from idp.web.shared.guards import public
from idp.web.shared.journeys import current_session, see_other
from idp.web.shared.locale import prefer
from idp.web.shared.services import services


@public
def end_session() -> Response:
    """Answer a client's logout request."""
    refuse_head("GET", "POST")
    try:
        if request.method == "POST":
            return to_get_form()
        parameters = browser_parameters()
    except ProtocolError as error:
        return refusal_page(error)
    prefer(parameters.get("ui_locales", "").split())
    session = current_session()
    asked = services().protocol.logout_requests.read(parameters, session)
    if session is not None and asked.must_ask:
        return see_other(ask_path(asked))
    # Nobody is left to be asked; without a hint nobody vouches for the address either (RP-Initiated Logout §3).
    return sign_out(
        session, asked.client, None if asked.must_ask else asked.return_uri, problem=asked.problem or _unvouched(asked)
    )


def _unvouched(asked: LogoutRequest) -> str:
    is_lost = asked.must_ask and asked.return_uri is not None
    return "Without an id_token_hint nobody vouches for the post_logout_redirect_uri." if is_lost else ""
