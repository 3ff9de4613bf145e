"""The protocol's surface: the authorization endpoint for browsers, and the WSGI front for machines."""

from flask import Blueprint

from idp.web.protocol.authorize import authorize, resume

protocol = Blueprint("protocol", __name__)
protocol.add_url_rule("/authorize", "authorize", authorize, methods=["GET", "POST"])
protocol.add_url_rule("/authorize/resume", "resume", resume, methods=["GET"])
