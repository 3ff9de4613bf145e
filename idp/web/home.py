"""The start page: what this service is, the way to one's own account, and back to the services one uses."""

from typing import Any
from uuid import UUID

from flask import Blueprint
from werkzeug.wrappers import Response

from idp.web.shared.guards import public
from idp.web.shared.journeys import current_session
from idp.web.shared.locale import current_locale
from idp.web.shared.pages import render
from idp.web.shared.services import services

home = Blueprint("home", __name__)


@home.get("/")
@public
def start() -> Response:
    """Show the start page."""
    session = current_session()
    account = services().accounts.get(session.account_id) if session else None
    if account is None:
        return render("home.html", person="")
    return render("home.html", person=account.masked_name or account.username, services=_used_by(account.id))


def _used_by(account_id: UUID) -> list[dict[str, Any]]:
    locale = current_locale()
    clients = (services().registry.get(one.client_id) for one in services().consents.list(account_id))
    return [
        {"name": client.name_in(locale), "agency": client.agency_name_in(locale), "home_url": client.client_uri}
        for client in clients
        if client is not None and client.client_uri and client.is_active(services().clock.now())
    ]
