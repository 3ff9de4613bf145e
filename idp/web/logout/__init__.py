"""The logout surface: the end-session endpoint for clients, the logout page for people."""

from flask import Blueprint

from idp.web.logout.end_session import end_session
from idp.web.logout.views import logout as logout_page

logout = Blueprint("logout", __name__)
logout.add_url_rule("/end_session", "end_session", end_session, methods=["GET", "POST"])
logout.add_url_rule("/logout", "logout", logout_page, methods=["GET", "POST"])
