"""The console surface: what staff see and do. It answers on an origin of its own (rule O4).

Every view declares the permission it needs; what each power includes is one table (``staff.powers``).
"""

from flask import Blueprint

from idp.web.console import (
    account_interventions,
    account_list,
    account_requirements,
    accounts,
    alert_rules,
    bootstrap,
    break_glass,
    client_acts,
    client_brands,
    client_changes,
    clients,
    events,
    holds,
    hunts,
    initial_tokens,
    keys,
    merging,
    messages,
    officer_emails,
    operation,
    overview,
    requests,
    search,
    sessions,
    staff,
    travels,
)
from idp.web.console.guards import PermissionMissing
from idp.web.console.refusals import refused
from idp.web.shared.csrf import protect

console = Blueprint("console", __name__)
console.add_url_rule("/", "start", overview.start, methods=["GET"])
console.add_url_rule("/console", "overview", overview.show, methods=["GET"])
console.add_url_rule("/console/search", "search", search.find, methods=["POST"])
console.add_url_rule("/console/bootstrap", "bootstrap", bootstrap.show, methods=["GET"])
console.add_url_rule("/console/bootstrap", "redeem_bootstrap", bootstrap.redeem, methods=["POST"])
_GLASS = "/console/break-glass"
console.add_url_rule(_GLASS, "break_glass", break_glass.show, methods=["GET"])
console.add_url_rule(f"{_GLASS}/ask", "asking_break_glass", break_glass.asking, methods=["GET"])
console.add_url_rule(f"{_GLASS}/ask", "ask_break_glass", break_glass.ask, methods=["POST"])
console.add_url_rule(
    f"{_GLASS}/<uuid:glass_id>/confirm", "confirming_break_glass", break_glass.confirming, methods=["GET"]
)
console.add_url_rule(f"{_GLASS}/<uuid:glass_id>/confirm", "confirm_break_glass", break_glass.confirm, methods=["POST"])
console.add_url_rule(_GLASS, "end_break_glass", break_glass.end, methods=["POST"])
console.add_url_rule("/console/requests", "requests", requests.show_all, methods=["GET"])
console.add_url_rule("/console/requests/<uuid:request_id>", "request", requests.show, methods=["GET"])
console.add_url_rule("/console/requests/<uuid:request_id>", "decide_request", requests.decide, methods=["POST"])
console.add_url_rule("/console/staff", "staff", staff.show, methods=["GET"])
console.add_url_rule("/console/staff/new", "new_officer", staff.new, methods=["GET"])
console.add_url_rule("/console/staff/new", "request_officer", staff.request_grant, methods=["POST"])
console.add_url_rule("/console/staff/<uuid:person_id>/end", "ending_officer", staff.ending, methods=["GET"])
console.add_url_rule("/console/staff/<uuid:person_id>/end", "end_officer", staff.end, methods=["POST"])
_EMAIL = "/console/staff/<uuid:person_id>/email"
console.add_url_rule(_EMAIL, "changing_officer_email", officer_emails.changing, methods=["GET"])
console.add_url_rule(_EMAIL, "change_officer_email", officer_emails.change, methods=["POST"])
console.add_url_rule("/console/sessions", "sessions", sessions.show, methods=["GET"])
console.add_url_rule("/console/sessions", "change_sessions_views", sessions.change_views, methods=["POST"])
console.add_url_rule("/console/sessions/end", "ending_sessions", sessions.estimate, methods=["GET"])
console.add_url_rule("/console/sessions/end", "end_sessions", sessions.end_many, methods=["POST"])
console.add_url_rule("/console/sessions/endings/<uuid:ending_id>", "ending", sessions.show_ending, methods=["GET"])
console.add_url_rule("/console/sessions/<uuid:session_id>", "session", sessions.show_one, methods=["GET"])
console.add_url_rule("/console/sessions/<uuid:session_id>", "end_session", sessions.end_one, methods=["POST"])
console.add_url_rule("/console/clients", "clients", clients.show, methods=["GET"])
console.add_url_rule("/console/clients", "change_clients_views", clients.change_views, methods=["POST"])
console.add_url_rule("/console/clients/<client_id>", "client", clients.show_one, methods=["GET"])
console.add_url_rule(
    "/console/clients/<client_id>", "withdraw_client_change", client_changes.withdraw, methods=["POST"]
)
_VERSION = "/console/clients/<client_id>/versions/<int:number>"
console.add_url_rule(_VERSION, "client_version", clients.show_version, methods=["GET"])
console.add_url_rule(_VERSION, "propose_client_version", client_changes.propose_version, methods=["POST"])
console.add_url_rule(f"{_VERSION}/preview", "preview_client", client_brands.preview, methods=["GET"])
console.add_url_rule(f"{_VERSION}/brand/<name>", "brand_file", client_brands.brand_file, methods=["GET"])
console.add_url_rule("/console/clients/<client_id>/brand", "edit_brand", client_brands.editing, methods=["GET"])
console.add_url_rule("/console/clients/<client_id>/brand", "propose_brand", client_brands.propose, methods=["POST"])
console.add_url_rule("/console/new-client", "new_client", client_changes.new, methods=["GET"])
console.add_url_rule("/console/new-client", "propose_new_client", client_changes.propose_new, methods=["POST"])
console.add_url_rule("/console/clients/<client_id>/edit", "edit_client", client_changes.edit, methods=["GET"])
console.add_url_rule("/console/clients/<client_id>/edit", "propose_client", client_changes.propose, methods=["POST"])
console.add_url_rule("/console/clients/<client_id>/stop", "stopping_client", client_acts.stopping, methods=["GET"])
console.add_url_rule("/console/clients/<client_id>/stop", "stop_client", client_acts.stop, methods=["POST"])
console.add_url_rule("/console/clients/<client_id>/resume", "resuming_client", client_acts.resuming, methods=["GET"])
console.add_url_rule("/console/clients/<client_id>/resume", "resume_client", client_acts.resume, methods=["POST"])
console.add_url_rule("/console/clients/<client_id>/secret", "rotating_secret", client_acts.rotating, methods=["GET"])
console.add_url_rule("/console/clients/<client_id>/secret", "rotate_secret", client_acts.rotate, methods=["POST"])
_TOKENS = "/console/initial-tokens"
console.add_url_rule(_TOKENS, "initial_tokens", initial_tokens.show, methods=["GET"])
console.add_url_rule(f"{_TOKENS}/new", "new_initial_token", initial_tokens.new, methods=["GET"])
console.add_url_rule(f"{_TOKENS}/new", "issue_initial_token", initial_tokens.issue, methods=["POST"])
_TOKEN = f"{_TOKENS}/<uuid:token_id>/revoke"
console.add_url_rule(_TOKEN, "revoking_initial_token", initial_tokens.revoking, methods=["GET"])
console.add_url_rule(_TOKEN, "revoke_initial_token", initial_tokens.revoke, methods=["POST"])
console.add_url_rule("/console/events", "events", events.show, methods=["GET"])
console.add_url_rule("/console/events", "change_events_views", events.change_views, methods=["POST"])
console.add_url_rule("/console/events/export", "exporting_events", events.exporting, methods=["GET"])
console.add_url_rule("/console/events/export", "export_events", events.export, methods=["POST"])
console.add_url_rule("/console/events/<uuid:event_id>", "event", events.show_one, methods=["GET"])
console.add_url_rule("/console/hunts", "hunts", hunts.show, methods=["GET"])
console.add_url_rule("/console/hunts/travels", "travels", travels.show, methods=["GET"])
console.add_url_rule("/console/holds", "holds", holds.show, methods=["GET"])
console.add_url_rule("/console/holds/new", "placing_hold", holds.placing, methods=["GET"])
console.add_url_rule("/console/holds/new", "place_hold", holds.place, methods=["POST"])
console.add_url_rule("/console/holds/<uuid:hold_id>/end", "ending_hold", holds.ending, methods=["GET"])
console.add_url_rule("/console/holds/<uuid:hold_id>/end", "end_hold", holds.end, methods=["POST"])
console.add_url_rule("/console/hunts/rules/new", "new_alert_rule", alert_rules.new, methods=["GET"])
console.add_url_rule("/console/hunts/rules/new", "add_alert_rule", alert_rules.add, methods=["POST"])
_RULE = "/console/hunts/rules/<uuid:rule_id>"
console.add_url_rule(f"{_RULE}/switch", "switching_alert_rule", alert_rules.switching, methods=["GET"])
console.add_url_rule(f"{_RULE}/switch", "switch_alert_rule", alert_rules.switch, methods=["POST"])
console.add_url_rule(f"{_RULE}/remove", "removing_alert_rule", alert_rules.removing, methods=["GET"])
console.add_url_rule(f"{_RULE}/remove", "remove_alert_rule", alert_rules.remove, methods=["POST"])
console.add_url_rule("/console/messages", "messages", messages.show, methods=["GET"])
_MESSAGE = "/console/messages/<uuid:notice_id>/retry"
console.add_url_rule(_MESSAGE, "retrying_message", messages.retrying, methods=["GET"])
console.add_url_rule(_MESSAGE, "retry_message", messages.retry, methods=["POST"])
console.add_url_rule("/console/keys", "keys", keys.show, methods=["GET"])
console.add_url_rule("/console/keys", "withdraw_key_change", keys.withdraw, methods=["POST"])
console.add_url_rule("/console/keys/rotate", "rotating_keys", keys.rotating, methods=["GET"])
console.add_url_rule("/console/keys/rotate", "rotate_keys", keys.rotate, methods=["POST"])
console.add_url_rule("/console/keys/emergency", "replacing_keys", keys.replacing, methods=["GET"])
console.add_url_rule("/console/keys/emergency", "replace_keys", keys.replace, methods=["POST"])
console.add_url_rule("/console/health", "health", operation.health, methods=["GET"])
console.add_url_rule("/console/deliveries", "deliveries", operation.deliveries, methods=["GET"])
console.add_url_rule("/console/deliveries/retry", "retrying_deliveries", operation.retrying, methods=["GET"])
console.add_url_rule("/console/deliveries/retry", "retry_deliveries", operation.retry, methods=["POST"])
console.add_url_rule("/console/accounts", "accounts", account_list.show, methods=["GET"])
console.add_url_rule("/console/accounts", "change_accounts_views", account_list.change_views, methods=["POST"])
_ACCOUNT = "/console/accounts/<uuid:account_id>"
for _path, _name, _ask, _do in (
    ("restrict", "restrict_account", account_interventions.restricting, account_interventions.restrict),
    ("lift/<kind>", "lift_restriction", account_interventions.lifting, account_interventions.lift),
    (
        "factors/<uuid:authenticator_id>/reset",
        "reset_factor",
        account_interventions.resetting,
        account_interventions.reset,
    ),
    ("require", "require_of_account", account_requirements.requiring, account_requirements.require),
    ("waive/<kind>", "waive_requirement", account_requirements.waiving, account_requirements.waive),
    ("merge", "merge_account", merging.merging, merging.merge),
    ("reveal", "reveal_value", account_interventions.revealing, account_interventions.reveal),
):
    console.add_url_rule(f"{_ACCOUNT}/{_path}", f"ask_{_name}", _ask, methods=["GET"])
    console.add_url_rule(f"{_ACCOUNT}/{_path}", _name, _do, methods=["POST"])
console.add_url_rule(_ACCOUNT, "account", accounts.show, methods=["GET"])
console.register_error_handler(PermissionMissing, refused)
protect(console)
