"""The start page: what this service is, and the way to one's own account."""

from flask import Blueprint
from werkzeug.wrappers import Response

from idp.web.shared.guards import public
from idp.web.shared.journeys import current_session
from idp.web.shared.pages import render
from idp.web.shared.services import services

home = Blueprint("home", __name__)


@home.get("/")
@public
def start() -> Response:
    """Show the start page."""
    session = current_session()
    account = services().accounts.get(session.account_id) if session else None
    return render("home.html", person=account.masked_name or account.username if account else "")
