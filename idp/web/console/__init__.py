"""The console surface: what staff see and do. It answers on an origin of its own (rule O4).

Every view declares the permission it needs; what each power includes is one table (``staff.powers``).
"""

from collections.abc import Callable
from typing import Final

from flask import Blueprint
from werkzeug.wrappers import Response

from idp.web.console import (
    account_interventions,
    account_list,
    account_requirements,
    accounts,
    alert_rules,
    blocks,
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
    integrity,
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

_BLOCK = "/console/blocks/<uuid:entry_id>/lift"
_GLASS = "/console/break-glass"
_EMAIL = "/console/staff/<uuid:person_id>/email"
_VERSION = "/console/clients/<client_id>/versions/<int:number>"
_TOKENS = "/console/initial-tokens"
_TOKEN = f"{_TOKENS}/<uuid:token_id>/revoke"
_RULE = "/console/hunts/rules/<uuid:rule_id>"
_MESSAGE = "/console/messages/<uuid:notice_id>/retry"
_ACCOUNT = "/console/accounts/<uuid:account_id>"
_ROUTES: Final[tuple[tuple[str, str, str, Callable[..., Response]], ...]] = (
    ("GET", "/", "start", overview.start),
    ("GET", "/console", "overview", overview.show),
    ("POST", "/console/search", "search", search.find),
    ("GET", "/console/bootstrap", "bootstrap", bootstrap.show),
    ("POST", "/console/bootstrap", "redeem_bootstrap", bootstrap.redeem),
    ("GET", _GLASS, "break_glass", break_glass.show),
    ("GET", f"{_GLASS}/ask", "asking_break_glass", break_glass.asking),
    ("POST", f"{_GLASS}/ask", "ask_break_glass", break_glass.ask),
    ("GET", f"{_GLASS}/<uuid:glass_id>/confirm", "confirming_break_glass", break_glass.confirming),
    ("POST", f"{_GLASS}/<uuid:glass_id>/confirm", "confirm_break_glass", break_glass.confirm),
    ("POST", _GLASS, "end_break_glass", break_glass.end),
    ("GET", "/console/requests", "requests", requests.show_all),
    ("GET", "/console/requests/<uuid:request_id>", "request", requests.show),
    ("POST", "/console/requests/<uuid:request_id>", "decide_request", requests.decide),
    ("GET", "/console/staff", "staff", staff.show),
    ("GET", "/console/staff/new", "new_officer", staff.new),
    ("POST", "/console/staff/new", "request_officer", staff.request_grant),
    ("GET", "/console/staff/<uuid:person_id>/end", "ending_officer", staff.ending),
    ("POST", "/console/staff/<uuid:person_id>/end", "end_officer", staff.end),
    ("GET", _EMAIL, "changing_officer_email", officer_emails.changing),
    ("POST", _EMAIL, "change_officer_email", officer_emails.change),
    ("GET", "/console/sessions", "sessions", sessions.show),
    ("POST", "/console/sessions", "change_sessions_views", sessions.change_views),
    ("GET", "/console/sessions/end", "ending_sessions", sessions.estimate),
    ("POST", "/console/sessions/end", "end_sessions", sessions.end_many),
    ("GET", "/console/sessions/endings/<uuid:ending_id>", "ending", sessions.show_ending),
    ("GET", "/console/sessions/<uuid:session_id>", "session", sessions.show_one),
    ("POST", "/console/sessions/<uuid:session_id>", "end_session", sessions.end_one),
    ("GET", "/console/clients", "clients", clients.show),
    ("POST", "/console/clients", "change_clients_views", clients.change_views),
    ("GET", "/console/clients/<client_id>", "client", clients.show_one),
    ("POST", "/console/clients/<client_id>", "withdraw_client_change", client_changes.withdraw),
    ("GET", _VERSION, "client_version", clients.show_version),
    ("POST", _VERSION, "propose_client_version", client_changes.propose_version),
    ("GET", f"{_VERSION}/preview", "preview_client", client_brands.preview),
    ("GET", f"{_VERSION}/brand/<name>", "brand_file", client_brands.brand_file),
    ("GET", "/console/clients/<client_id>/brand", "edit_brand", client_brands.editing),
    ("POST", "/console/clients/<client_id>/brand", "propose_brand", client_brands.propose),
    ("GET", "/console/new-client", "new_client", client_changes.new),
    ("POST", "/console/new-client", "propose_new_client", client_changes.propose_new),
    ("GET", "/console/clients/<client_id>/edit", "edit_client", client_changes.edit),
    ("POST", "/console/clients/<client_id>/edit", "propose_client", client_changes.propose),
    ("GET", "/console/clients/<client_id>/stop", "stopping_client", client_acts.stopping),
    ("POST", "/console/clients/<client_id>/stop", "stop_client", client_acts.stop),
    ("GET", "/console/clients/<client_id>/resume", "resuming_client", client_acts.resuming),
    ("POST", "/console/clients/<client_id>/resume", "resume_client", client_acts.resume),
    ("GET", "/console/clients/<client_id>/secret", "rotating_secret", client_acts.rotating),
    ("POST", "/console/clients/<client_id>/secret", "rotate_secret", client_acts.rotate),
    ("GET", _TOKENS, "initial_tokens", initial_tokens.show),
    ("GET", f"{_TOKENS}/new", "new_initial_token", initial_tokens.new),
    ("POST", f"{_TOKENS}/new", "issue_initial_token", initial_tokens.issue),
    ("GET", _TOKEN, "revoking_initial_token", initial_tokens.revoking),
    ("POST", _TOKEN, "revoke_initial_token", initial_tokens.revoke),
    ("GET", "/console/events", "events", events.show),
    ("POST", "/console/events", "change_events_views", events.change_views),
    ("GET", "/console/events/export", "exporting_events", events.exporting),
    ("POST", "/console/events/export", "export_events", events.export),
    ("GET", "/console/events/<uuid:event_id>", "event", events.show_one),
    ("GET", "/console/events/<uuid:event_id>/proof", "proving_event", integrity.proving),
    ("POST", "/console/events/<uuid:event_id>/proof", "prove_event", integrity.prove),
    ("GET", "/console/integrity", "integrity", integrity.show),
    ("GET", "/console/integrity/checkpoint", "checkpoint", integrity.checkpoint),
    ("GET", "/console/integrity/export", "exporting_record", integrity.exporting),
    ("POST", "/console/integrity/export", "export_record", integrity.export),
    ("GET", "/console/hunts", "hunts", hunts.show),
    ("GET", "/console/blocks", "blocks", blocks.show),
    ("GET", "/console/blocks/new", "new_block", blocks.new),
    ("POST", "/console/blocks/new", "add_block", blocks.add),
    ("GET", _BLOCK, "lifting_block", blocks.lifting),
    ("POST", _BLOCK, "lift_block", blocks.lift),
    ("GET", "/console/hunts/travels", "travels", travels.show),
    ("GET", "/console/holds", "holds", holds.show),
    ("GET", "/console/holds/new", "placing_hold", holds.placing),
    ("POST", "/console/holds/new", "place_hold", holds.place),
    ("GET", "/console/holds/<uuid:hold_id>/end", "ending_hold", holds.ending),
    ("POST", "/console/holds/<uuid:hold_id>/end", "end_hold", holds.end),
    ("GET", "/console/hunts/rules/new", "new_alert_rule", alert_rules.new),
    ("POST", "/console/hunts/rules/new", "add_alert_rule", alert_rules.add),
    ("GET", f"{_RULE}/switch", "switching_alert_rule", alert_rules.switching),
    ("POST", f"{_RULE}/switch", "switch_alert_rule", alert_rules.switch),
    ("GET", f"{_RULE}/remove", "removing_alert_rule", alert_rules.removing),
    ("POST", f"{_RULE}/remove", "remove_alert_rule", alert_rules.remove),
    ("GET", "/console/messages", "messages", messages.show),
    ("GET", _MESSAGE, "retrying_message", messages.retrying),
    ("POST", _MESSAGE, "retry_message", messages.retry),
    ("GET", "/console/keys", "keys", keys.show),
    ("POST", "/console/keys", "withdraw_key_change", keys.withdraw),
    ("GET", "/console/keys/rotate", "rotating_keys", keys.rotating),
    ("POST", "/console/keys/rotate", "rotate_keys", keys.rotate),
    ("GET", "/console/keys/emergency", "replacing_keys", keys.replacing),
    ("POST", "/console/keys/emergency", "replace_keys", keys.replace),
    ("GET", "/console/health", "health", operation.health),
    ("GET", "/console/deliveries", "deliveries", operation.deliveries),
    ("GET", "/console/deliveries/retry", "retrying_deliveries", operation.retrying),
    ("POST", "/console/deliveries/retry", "retry_deliveries", operation.retry),
    ("GET", "/console/accounts", "accounts", account_list.show),
    ("POST", "/console/accounts", "change_accounts_views", account_list.change_views),
    ("GET", f"{_ACCOUNT}/restrict", "ask_restrict_account", account_interventions.restricting),
    ("POST", f"{_ACCOUNT}/restrict", "restrict_account", account_interventions.restrict),
    ("GET", f"{_ACCOUNT}/lift/<kind>", "ask_lift_restriction", account_interventions.lifting),
    ("POST", f"{_ACCOUNT}/lift/<kind>", "lift_restriction", account_interventions.lift),
    ("GET", f"{_ACCOUNT}/factors/<uuid:authenticator_id>/reset", "ask_reset_factor", account_interventions.resetting),
    ("POST", f"{_ACCOUNT}/factors/<uuid:authenticator_id>/reset", "reset_factor", account_interventions.reset),
    ("GET", f"{_ACCOUNT}/require", "ask_require_of_account", account_requirements.requiring),
    ("POST", f"{_ACCOUNT}/require", "require_of_account", account_requirements.require),
    ("GET", f"{_ACCOUNT}/waive/<kind>", "ask_waive_requirement", account_requirements.waiving),
    ("POST", f"{_ACCOUNT}/waive/<kind>", "waive_requirement", account_requirements.waive),
    ("GET", f"{_ACCOUNT}/merge", "ask_merge_account", merging.merging),
    ("POST", f"{_ACCOUNT}/merge", "merge_account", merging.merge),
    ("GET", f"{_ACCOUNT}/reveal", "ask_reveal_value", account_interventions.revealing),
    ("POST", f"{_ACCOUNT}/reveal", "reveal_value", account_interventions.reveal),
    ("GET", _ACCOUNT, "account", accounts.show),
)

console = Blueprint("console", __name__)
for _method, _path, _name, _view in _ROUTES:
    console.add_url_rule(_path, _name, _view, methods=[_method])
console.register_error_handler(PermissionMissing, refused)
protect(console)
