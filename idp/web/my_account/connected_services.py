"""Which services receive what, and taking a consent back (NIST SP 800-63C-4 §4.6.1, ASVS 10.7.3)."""

from typing import Any, Final
from urllib.parse import quote

from flask import request
from werkzeug.wrappers import Response

from idp.consents.service import ConsentSummary
from idp.foundation.errors import UserError
from idp.sessions.values import Session
from idp.web.my_account.notices import told
from idp.web.shared.forms import read_form
from idp.web.shared.guards import signed_in
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import current_locale, gettext
from idp.web.shared.messages import CLAIM_NAMES, SERVICE_STOPPED, listed_claims
from idp.web.shared.pages import Problem, render
from idp.web.shared.services import services

PATH: Final = "/account/services"
_STOPPED_PARAMETER: Final = "stopped"


@signed_in
def show(session: Session) -> Response:
    """List the connected services."""
    stopped, lines = services().registry.get(request.args.get(_STOPPED_PARAMETER, "")), _lines(session)
    # An address can be sent to anybody: it is believed only where it is true.
    is_true = stopped is not None and all(line["id"] != stopped.client_id for line in lines)
    notice = told(SERVICE_STOPPED, service=stopped.name_in(current_locale())) if stopped and is_true else None
    return render("my_account/services.html", notice=notice, services=lines)


@signed_in
def withdraw(session: Session) -> Response:
    """Ask whether a service shall really be stopped, or stop it."""
    form = read_form(request)
    client_id, answer = form.text("service"), form.text("answer")
    line = next((line for line in _lines(session) if line["id"] == client_id), None)
    if line is None or answer == "keep":
        return see_other(PATH)
    if answer != "withdraw":
        return render("my_account/withdraw_service.html", item=line)
    try:
        services().consents.withdraw(session.account_id, client_id, actor=f"account:{session.account_id}")
    except UserError as refusal:
        problems = [Problem.of(refusal)]
        return render("my_account/services.html", problems=problems, services=_lines(session))
    return see_other(f"{PATH}?{_STOPPED_PARAMETER}={quote(client_id)}")


def _lines(session: Session) -> list[dict[str, Any]]:
    return [line for one in services().consents.list(session.account_id) if (line := _line(one)) is not None]


def _line(summary: ConsentSummary) -> dict[str, Any] | None:
    client = services().registry.get(summary.client_id)
    if client is None:
        return None
    locale = current_locale()
    return {
        "id": client.client_id,
        "name": client.name_in(locale),
        "agency": client.agency_name_in(locale),
        "since": summary.first_granted_at,
        "last_used": summary.last_used_at,
        "until": None if summary.is_statutory else summary.expires_at,
        "claims": [gettext(CLAIM_NAMES.get(name, name)) for name in listed_claims(summary.claims)],
        "statutory": summary.is_statutory,
        "legal_basis": client.legal_basis_in(locale) or "",
    }
