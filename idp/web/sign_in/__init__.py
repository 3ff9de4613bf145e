"""The sign-in surface: name and password, second factor, organization, and what stands in the way of one of them.

Each page stands for one step and carries the sealed interaction in its address; no GET writes to the database.
"""

from flask import Blueprint

from idp.web.shared.csrf import protect
from idp.web.sign_in import (
    choose_account,
    choose_factor,
    enrol,
    login,
    not_admitted,
    organization,
    passkey,
    renew,
    second_factor,
)

sign_in = Blueprint("sign_in", __name__)
sign_in.add_url_rule("/login", "login", login.show, methods=["GET"])
sign_in.add_url_rule("/login", "submit_login", login.submit, methods=["POST"])
sign_in.add_url_rule("/login/account", "account", choose_account.show, methods=["GET"])
sign_in.add_url_rule("/login/account", "submit_account", choose_account.submit, methods=["POST"])
sign_in.add_url_rule("/login/passkey", "passkey", passkey.show, methods=["GET"])
sign_in.add_url_rule("/login/passkey", "submit_passkey", passkey.submit, methods=["POST"])
sign_in.add_url_rule("/login/totp", "totp", second_factor.show_totp, methods=["GET"])
sign_in.add_url_rule("/login/totp", "submit_totp", second_factor.submit_totp, methods=["POST"])
sign_in.add_url_rule("/login/recovery-code", "recovery_code", second_factor.show_recovery_code, methods=["GET"])
sign_in.add_url_rule(
    "/login/recovery-code", "submit_recovery_code", second_factor.submit_recovery_code, methods=["POST"]
)
sign_in.add_url_rule(choose_factor.PATH, "choose_factor", choose_factor.show, methods=["GET"])
sign_in.add_url_rule(choose_factor.PATH, "submit_factor", choose_factor.submit, methods=["POST"])
sign_in.add_url_rule("/login/organization", "organization", organization.show, methods=["GET"])
sign_in.add_url_rule("/login/organization", "submit_organization", organization.submit, methods=["POST"])
sign_in.add_url_rule("/login/enrol", "enrol", enrol.show, methods=["GET"])
sign_in.add_url_rule("/login/enrol", "submit_enrol", enrol.submit, methods=["POST"])
sign_in.add_url_rule(renew.PATH, "renew", renew.show, methods=["GET"])
sign_in.add_url_rule(renew.PATH, "submit_renew", renew.submit, methods=["POST"])
sign_in.add_url_rule("/login/not-admitted", "not_admitted", not_admitted.show, methods=["GET"])
protect(sign_in)
