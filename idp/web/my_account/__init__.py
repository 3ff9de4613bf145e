"""The account surface: what a signed-in person sees and changes about their own account.

Credentials change only after a recent sign-in with all that the account can prove; what a GET shows, it does not
change.
"""

from flask import Blueprint

from idp.web.my_account import (
    activity,
    connected_services,
    devices,
    methods,
    overview,
    passkey,
    password,
    recovery_codes,
    totp,
)
from idp.web.shared.csrf import protect

my_account = Blueprint("my_account", __name__)
my_account.add_url_rule("/account", "overview", overview.show, methods=["GET"])
my_account.add_url_rule("/account/methods", "methods", methods.show, methods=["GET"])
my_account.add_url_rule("/account/methods", "remove_method", methods.remove, methods=["POST"])
my_account.add_url_rule("/account/password", "password", password.show, methods=["GET"])
my_account.add_url_rule("/account/password", "change_password", password.change, methods=["POST"])
my_account.add_url_rule("/account/passkeys/new", "passkey", passkey.show, methods=["GET"])
my_account.add_url_rule("/account/passkeys/new", "add_passkey", passkey.add, methods=["POST"])
my_account.add_url_rule("/account/totp/new", "totp", totp.show, methods=["GET"])
my_account.add_url_rule("/account/totp/new", "add_totp", totp.add, methods=["POST"])
my_account.add_url_rule("/account/recovery-codes", "recovery_codes", recovery_codes.show, methods=["GET"])
my_account.add_url_rule("/account/recovery-codes", "make_recovery_codes", recovery_codes.make, methods=["POST"])
my_account.add_url_rule("/account/devices", "devices", devices.show, methods=["GET"])
my_account.add_url_rule("/account/devices", "end_device", devices.end, methods=["POST"])
my_account.add_url_rule("/account/services", "services", connected_services.show, methods=["GET"])
my_account.add_url_rule("/account/services", "withdraw_service", connected_services.withdraw, methods=["POST"])
my_account.add_url_rule("/account/activity", "activity", activity.show, methods=["GET"])
protect(my_account)
