"""Legal holds: the list of those in force, placing one and ending one, each with a reason."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.accounts.identifiers import parse_identifier
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console.guards import requires
from idp.web.console.pages import actor_name, console_page
from idp.web.console.problems import found_problems, reason_problem
from idp.web.shared.forms import NOTHING_TYPED, Form, read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import gettext
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

PATH: Final = "/console/holds"
_LONGEST_REFERENCE: Final = 100
_NO_REFERENCE: Final = marked("Write the reference number of the order, at most 100 characters.")
NO_ACCOUNT: Final = marked("There is no such account. Give its id or its username.")


@requires(Permission.HOLD_ACCOUNTS)
def show(officer: Officer) -> Response:
    """List the holds in force."""
    holds = services().legal_holds.in_force()
    return console_page(
        officer,
        "holds.html",
        holds=holds,
        names_people=_names_people(officer),
        actors={one.actor: actor_name(one.actor) for one in holds},
    )


@requires(Permission.HOLD_ACCOUNTS, fresh=True)
def placing(officer: Officer) -> Response:
    """Ask which account is held, by which order and why."""
    return _place_page(officer, account=request.args.get("account", ""))


@requires(Permission.HOLD_ACCOUNTS, fresh=True)
def place(officer: Officer) -> Response:
    """Hold an account."""
    form = read_form(request)
    reference, reason = form.text("reference"), form.text("reason")
    account_id = account_of(form.text("account"), officer)
    problems = found_problems(
        None if account_id is not None else Problem(gettext(NO_ACCOUNT), "account"),
        None if 0 < len(reference) <= _LONGEST_REFERENCE else Problem(gettext(_NO_REFERENCE), "reference"),
        reason_problem(reason),
    )
    if not problems and account_id is not None:
        try:
            services().legal_holds.place(account_id, reference, officer=officer, reason=reason)
        except UserError as error:
            problems = [Problem.of(error, "account")]
    if problems:
        return _place_page(officer, problems, form, account=form.text("account"))
    return see_other(PATH)


@requires(Permission.HOLD_ACCOUNTS, fresh=True)
def ending(officer: Officer, hold_id: UUID) -> Response:
    """Ask why a hold is to end."""
    return _end_page(officer, hold_id)


@requires(Permission.HOLD_ACCOUNTS, fresh=True)
def end(officer: Officer, hold_id: UUID) -> Response:
    """End a hold."""
    reason = read_form(request).text("reason")
    problems = found_problems(reason_problem(reason))
    hold = services().legal_holds.get(hold_id)
    if hold is None:
        raise NotFound
    if not problems:
        try:
            services().legal_holds.end(hold, officer=officer, reason=reason)
        except UserError as error:
            problems = [Problem.of(error)]
    return _end_page(officer, hold_id, problems) if problems else see_other(PATH)


def _names_people(officer: Officer) -> bool:
    """Tell whether an officer may read whose account it is; auditors know it by its id."""
    return officer.may(Permission.SEE_ACCOUNTS)


def account_of(text: str, officer: Officer) -> UUID | None:
    """Return the account of an id or a username. Numbers lead nowhere: auditors look nobody up by them."""
    try:
        account_id = UUID(text)
    except ValueError:
        identifier = parse_identifier(text)
        if identifier.kind != "username":
            return None
        found = services().account_search.find(identifier.value, actor=officer.actor)
        return found[0].id if found and found[0].username == identifier.value else None
    return account_id if services().accounts.get(account_id) is not None else None


def _place_page(
    officer: Officer, problems: Sequence[Problem] = (), form: Form = NOTHING_TYPED, *, account: str
) -> Response:
    return console_page(
        officer,
        "place_hold.html",
        problems=problems,
        account=account,
        typed=form.text,
    )


def _end_page(officer: Officer, hold_id: UUID, problems: Sequence[Problem] = ()) -> Response:
    hold = services().legal_holds.get(hold_id)
    if hold is None:
        raise NotFound
    return console_page(
        officer,
        "end_hold.html",
        problems=problems,
        hold=hold,
        names_people=_names_people(officer),
    )
