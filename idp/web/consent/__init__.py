"""The consent surface: what a client would learn, with the person's masked values, and their answer."""

from flask import Blueprint

from idp.web.consent.views import ask, decide
from idp.web.shared.csrf import protect

consent = Blueprint("consent", __name__)
consent.add_url_rule("/consent", "ask", ask, methods=["GET"])
consent.add_url_rule("/consent", "decide", decide, methods=["POST"])
protect(consent)
