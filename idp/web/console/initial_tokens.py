"""The tokens with which agencies register services by themselves (RFC 7591): the list, a new one, revoking one.

A department delegate sees, makes and revokes those of their own agency only.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.registry.initial_tokens import PROFILES, IssuedToken, TokenLine
from idp.staff.powers import Permission, Power
from idp.staff.values import Officer
from idp.web.console.guards import requires
from idp.web.console.pages import actor_name, console_page
from idp.web.console.problems import reason_problem
from idp.web.shared.forms import Form, read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import gettext
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

PATH: Final = "/console/initial-tokens"
_FIELDS: Final = ("agency", "profile", "uses", "days", "reason")
_USUAL: Final = {"profile": "standard", "uses": "1", "days": "7"}
_NOT_YOURS: Final = marked("You look after the services of another agency.")
_ENDED: Final = marked("This token was used up, has expired or was revoked meanwhile.")


@requires(Permission.SEE_CLIENTS)
def show(officer: Officer) -> Response:
    """List the tokens, whatever has become of them."""
    lines = _lines(officer)
    return console_page(
        officer,
        "initial_tokens.html",
        lines=lines,
        issuers={line.issued_by: actor_name(line.issued_by) for line in lines},
        may_issue=officer.may(Permission.CHANGE_CLIENTS),
        may_revoke=officer.may(Permission.STOP_REGISTRATION),
    )


@requires(Permission.CHANGE_CLIENTS, fresh=True)
def new(officer: Officer) -> Response:
    """Ask for which agency, for how many services and how long."""
    return _form_page(officer, _USUAL | {"agency": _own_agency(officer) or ""})


@requires(Permission.CHANGE_CLIENTS, fresh=True)
def issue(officer: Officer) -> Response:
    """Make a token and show it, this once."""
    form = read_form(request)
    issued = _issued(officer, form)
    if isinstance(issued, Problem):
        return _form_page(officer, {name: form.text(name) for name in _FIELDS}, issued)
    return console_page(officer, "new_initial_token.html", issued=issued, agency=form.text("agency"))


@requires(Permission.STOP_REGISTRATION, fresh=True)
def revoking(officer: Officer, token_id: UUID) -> Response:
    """Ask why a token is to be revoked."""
    return _revoke_page(officer, _line(officer, token_id))


@requires(Permission.STOP_REGISTRATION, fresh=True)
def revoke(officer: Officer, token_id: UUID) -> Response:
    """Let nobody register with it any more."""
    line, reason = _line(officer, token_id), read_form(request).text("reason")
    problem = reason_problem(reason)
    if problem is None and not services().initial_tokens.revoke(token_id, actor=officer.actor, reason=reason):
        problem = Problem(gettext(_ENDED))
    return _revoke_page(officer, line, problem) if problem else see_other(PATH)


def _issued(officer: Officer, form: Form) -> IssuedToken | Problem:
    problem = reason_problem(form.text("reason"))
    if not officer.looks_after(form.text("agency")):
        problem = Problem(gettext(_NOT_YOURS), "agency")
    if problem is not None:
        return problem
    try:
        return services().initial_tokens.issue(
            form.text("agency"),
            profile=form.text("profile"),
            uses=_number(form.text("uses")),
            lifetime=timedelta(days=_number(form.text("days"))),
            actor=officer.actor,
            reason=form.text("reason"),
        )
    except UserError as error:
        return Problem.of(error)


def _number(text: str) -> int:
    """Return a small number as it was typed, 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= len("100") else 0


def _own_agency(officer: Officer) -> str | None:
    """Return the one agency of a department delegate."""
    return officer.agency if officer.power is Power.DELEGATE else None


def _lines(officer: Officer) -> list[TokenLine]:
    own = _own_agency(officer)
    lines = services().initial_tokens.list(agency=own)
    return [line for line in lines if officer.looks_after(line.agency)]


def _line(officer: Officer, token_id: UUID) -> TokenLine:
    """Return a token that can be revoked."""
    found = next((line for line in _lines(officer) if line.id == token_id and line.state == "active"), None)
    if found is None:
        raise NotFound
    return found


def _form_page(officer: Officer, values: dict[str, str], problem: Problem | None = None) -> Response:
    return console_page(
        officer,
        "issue_initial_token.html",
        problems=[problem],
        values=values,
        profiles=PROFILES,
    )


def _revoke_page(officer: Officer, line: TokenLine, problem: Problem | None = None) -> Response:
    return console_page(
        officer,
        "revoke_initial_token.html",
        problems=[problem],
        line=line,
    )
