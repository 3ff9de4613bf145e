"""Which account to go on with, when the service asks for that (OpenID Connect Core §3.1.2.1, prompt=select_account).

Only the account of this browser's session can be offered: the browser keeps no list of others. What was chosen travels
in the sealed interaction; it proves nothing, so it cannot be worth anything to somebody else (rule S1).
"""

import hmac
from dataclasses import replace

from flask import request
from werkzeug.wrappers import Response

from idp.foundation.digests import b64url
from idp.sessions.values import Session
from idp.web.shared.forms import read_form
from idp.web.shared.journeys import RESUME_PATH, path_with, restart_page, seal, see_other
from idp.web.shared.services import services
from idp.web.sign_in.visits import SWITCH, Journey, on_journey, on_session_journey, page

_PURPOSE = "choose_account"


@on_journey
def show(journey: Journey) -> Response:
    """Ask, unless nobody is signed in any more: then there is nothing to choose from."""
    session = journey.visit.session
    if session is None or journey.interaction.client_id is None:
        return see_other(journey.path("/login"))
    account = services().accounts.get(session.account_id)
    return page(
        journey,
        "sign_in/choose_account.html",
        person=account.masked_name if account else "",
        displayed=_displayed(journey, session),
    )


@on_session_journey
def submit(journey: Journey) -> Response:
    """Go on with the account that was shown, or with another one."""
    session, form = journey.visit.session, read_form(request)
    if session is None or journey.interaction.client_id is None:
        return see_other(journey.path("/login"))
    if form.text("answer") != "continue":
        return see_other(f"{journey.path('/login')}&{SWITCH}=1")
    if not hmac.compare_digest(form.text("displayed").encode(), _displayed(journey, session).encode()):
        return see_other(journey.path("/login/account"))
    sealed = seal(replace(journey.interaction, account_chosen=True))
    return restart_page() if sealed is None else see_other(path_with(RESUME_PATH, sealed))


def _displayed(journey: Journey, session: Session) -> str:
    """Return the seal over what is shown: an answer counts for this account and this request only (rule S2)."""
    shown = (session.id.bytes, session.account_id.bytes, journey.interaction.id.bytes)
    return b64url(services().keyring.mac(_PURPOSE, *shown).digest)
