"""The device surface (RFC 8628 §3.3): a signed-in person enters the code of a device, sees who asks, and decides.

A code that comes in the address is never believed by itself: its ending has to be read off the device (RFC 10027).

Before signing in a person reads that a device asks, and is warned (§5.4), in words that do not depend on the code: it
is looked up for accounts only, five tries each. Under a limit by network guesses would cost addresses, of which there
are many, and who holds a live code can connect that device to an account of their own (§5.1).
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
