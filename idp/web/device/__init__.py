"""The device surface (RFC 8628 §3.3): a signed-in person enters the code of a device, sees who asks, and decides.

A code that comes in the address is never believed by itself: its ending has to be read off the device (RFC 10027).
"""

from flask import Blueprint

from idp.web.device import confirm, enter
from idp.web.device.ways import CONFIRM_PATH, DONE_PATH, ENTER_PATH
from idp.web.shared.csrf import protect

device = Blueprint("device", __name__)
device.add_url_rule(ENTER_PATH, "enter", enter.show, methods=["GET"])
device.add_url_rule(ENTER_PATH, "submit", enter.submit, methods=["POST"])
device.add_url_rule(CONFIRM_PATH, "confirm", confirm.show, methods=["GET"])
device.add_url_rule(CONFIRM_PATH, "decide", confirm.decide, methods=["POST"])
device.add_url_rule(DONE_PATH, "done", confirm.done, methods=["GET"])
protect(device)
