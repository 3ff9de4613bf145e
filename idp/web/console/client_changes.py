"""Proposing a registration: of a new site, of one that is known, or of a version it had before.

Nothing here puts anything into force: a change request is made that security officers approve (rule A1).
"""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import orjson
from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.foundation.errors import UserError
from idp.registry.errors import RegistrationRefused, RegistrationUnreadable
from idp.registry.files import parse_registration
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console.clients import PATH, client_of, client_page, version_page
from idp.web.console.guards import requires
from idp.web.console.pages import console_page
from idp.web.console.problems import found_problems, reason_problem
from idp.web.shared.forms import Form, read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import say
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

_LONGEST = 32_000


@requires(Permission.CHANGE_CLIENTS, fresh=True)
def new(officer: Officer) -> Response:
    """Ask for the registration of a new site."""
    policy = {"agency": officer.agency or "", "environment": services().settings.environment}
    start = {"client_id": "", "client_name": "", "redirect_uris": ["https://"], "contacts": [], "policy": policy}
    return _form_page(officer, None, _as_text(start), "")


@requires(Permission.CHANGE_CLIENTS, fresh=True)
def propose_new(officer: Officer) -> Response:
    """Propose a new site."""
    return _propose(officer, None)


@requires(Permission.CHANGE_CLIENTS, fresh=True)
def edit(officer: Officer, client_id: str) -> Response:
    """Offer the registration for editing: the draft if there is one, else what is in force."""
    detail = client_of(officer, client_id)
    return _form_page(officer, client_id, _as_text(detail.draft or detail.content or {}), "")


@requires(Permission.CHANGE_CLIENTS, fresh=True)
def propose(officer: Officer, client_id: str) -> Response:
    """Propose what was edited."""
    client_of(officer, client_id)
    return _propose(officer, client_id)


@requires(Permission.CHANGE_CLIENTS, fresh=True)
def propose_version(officer: Officer, client_id: str, number: int) -> Response:
    """Propose a version as it stands: a draft, or one to go back to."""
    client_of(officer, client_id)
    reason = read_form(request).text("reason")
    problem = reason_problem(reason)
    if problem is None:
        problem = _refusal(
            lambda: services().client_changes.propose_version(client_id, number, officer, reason, services().changes)
        )
    return version_page(officer, client_id, number, problem) if problem else see_other(f"{PATH}/{client_id}")


@requires(Permission.CHANGE_CLIENTS)
def withdraw(officer: Officer, client_id: str) -> Response:
    """Take one's own request back."""
    client_of(officer, client_id)
    waiting = {str(one.id): one for one in services().changes.open_requests(target=client_id)}
    change = waiting.get(read_form(request).text("request"))
    if change is None:
        raise NotFound
    try:
        services().changes.withdraw(change.id, officer)
    except UserError as error:
        return client_page(officer, client_id, Problem.of(error))
    return see_other(f"{PATH}/{client_id}")


def _propose(officer: Officer, client_id: str | None) -> Response:
    form = read_form(request)
    text, reason = form.text("registration", _LONGEST), form.text("reason")
    problems = found_problems(reason_problem(reason), _problem_of(officer, client_id, form))
    if problems:
        return _form_page(officer, client_id, text, reason, problems)
    return see_other(f"{PATH}/{client_id or parse_registration(text)['client_id']}")


def _problem_of(officer: Officer, client_id: str | None, form: Form) -> Problem | None:
    """Make the request and return what speaks against it; without a reason, nothing is made."""
    reason = form.text("reason")
    if reason_problem(reason):
        return None

    def ask() -> UUID:
        registration = parse_registration(form.text("registration", _LONGEST))
        return services().client_changes.propose(registration, officer, reason, services().changes, client_id=client_id)

    return _refusal(ask)


def _refusal(ask: Callable[[], UUID]) -> Problem | None:
    try:
        ask()
    except (RegistrationRefused, RegistrationUnreadable) as error:
        return Problem(say(error.args[0]), "registration")
    return None


def _form_page(
    officer: Officer, client_id: str | None, text: str, reason: str, problems: Sequence[Problem] = ()
) -> Response:
    return console_page(
        officer,
        "edit_client.html",
        problems=problems,
        client_id=client_id,
        registration=text,
        reason=reason,
        approvals_needed=services().client_changes.approvals_needed,
    )


def _as_text(registration: Any) -> str:  # noqa: ANN401 - JSON
    return orjson.dumps(registration, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode()
