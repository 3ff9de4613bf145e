"""Notes of officers about an account, for officers: each is an event of the audit record, its owner is shown none."""

from typing import Final
from uuid import UUID

from flask import request
from werkzeug.wrappers import Response

from idp.foundation.masked import Masked
from idp.foundation.translation import marked
from idp.interventions.events import AccountNoted, NoteText
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console.account_forms import form_page
from idp.web.console.accounts import PATH, known_account
from idp.web.console.guards import requires
from idp.web.console.problems import text_problem
from idp.web.shared.forms import read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.services import services

_TOO_SHORT: Final = marked("Write at least four characters.")


@requires(Permission.SEE_ACCOUNTS)
def noting(officer: Officer, account_id: UUID) -> Response:
    """Ask what others should know."""
    return form_page(officer, account_id, "note_account.html")


@requires(Permission.SEE_ACCOUNTS)
def note(officer: Officer, account_id: UUID) -> Response:
    """Write it down."""
    form, account = read_form(request), known_account(account_id)
    text = form.text("note")
    problem = text_problem(text, "note", _TOO_SHORT)
    if problem is not None:
        return form_page(officer, account_id, "note_account.html", [problem], form)
    written = NoteText(text=Masked(text))
    services().audit.record(AccountNoted(actor=officer.actor, account_id=account.id, after=written))
    return see_other(f"{PATH}/{account_id}")
