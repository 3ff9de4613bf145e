"""Who has which power, asking for one to be given, and taking one away."""

from uuid import UUID

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.accounts.identifiers import parse_identifier
from idp.foundation.translation import marked
from idp.sessions.values import Selector
from idp.staff.granting import GRANT
from idp.staff.powers import NAMES, PERMISSIONS, Permission, Power
from idp.staff.values import Holder, Officer
from idp.web.console.guards import requires
from idp.web.console.pages import console_page
from idp.web.console.problems import reason_problem
from idp.web.console.words import PERMISSION_WORDS
from idp.web.shared.forms import Form, read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import gettext
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

PATH = "/console/staff"
_UNKNOWN = marked("There is no staff account with this username.")
_NO_POWER = marked("Choose a power.")
_NO_AGENCY = marked("A department delegate needs the agency whose sites they look after.")
_OWN = marked("Nobody ends their own power: another officer does.")


@requires(Permission.SEE_STAFF)
def show(officer: Officer) -> Response:
    """List officers, and the table of what each power includes."""
    return console_page(
        officer,
        "staff.html",
        holders=services().staff.holders(),
        names=NAMES,
        powers=list(Power),
        permissions=PERMISSIONS,
        permission_words=PERMISSION_WORDS,
        may_change=officer.may(Permission.CHANGE_STAFF),
    )


@requires(Permission.CHANGE_STAFF, fresh=True)
def new(officer: Officer) -> Response:
    """Ask whom to give which power."""
    return console_page(officer, "new_officer.html", names=NAMES, values={})


@requires(Permission.CHANGE_STAFF, fresh=True)
def request_grant(officer: Officer) -> Response:
    """Put the grant before another officer."""
    form = read_form(request)
    problems, account_id = _problems(form)
    if problems or account_id is None:
        values = {name: form.text(name) for name in ("username", "power", "agency", "reason")}
        return console_page(officer, "new_officer.html", problems=problems, names=NAMES, values=values)
    content = {"power": form.text("power"), "agency": form.text("agency") or None}
    request_id = services().changes.request(GRANT, str(account_id), content, author=officer, reason=form.text("reason"))
    return see_other(f"/console/requests/{request_id}")


@requires(Permission.CHANGE_STAFF, fresh=True)
def ending(officer: Officer, person_id: UUID) -> Response:
    """Ask why a power is to end."""
    return console_page(officer, "end_officer.html", holder=known_holder(person_id), names=NAMES)


@requires(Permission.CHANGE_STAFF, fresh=True)
def end(officer: Officer, person_id: UUID) -> Response:
    """Take the power away at once, and end what was done with it: taking away needs no second officer."""
    holder, reason = known_holder(person_id), read_form(request).text("reason")
    problem = reason_problem(reason)
    if problem is None and person_id == officer.person_id:
        problem = Problem(gettext(_OWN))
    if problem:
        return console_page(officer, "end_officer.html", problems=[problem], holder=holder, names=NAMES)
    with services().database.transaction():
        services().staff.end(person_id, actor=officer.actor, reason=reason)
        services().sessions.terminate(Selector(account_id=holder.account_id), reason="power_ended", actor=officer.actor)
    return see_other(PATH)


def _problems(form: Form) -> tuple[list[Problem], UUID | None]:
    problems = []
    found = services().accounts.find_for_sign_in(parse_identifier(form.text("username")))
    if found is None or found.kind != "staff":
        problems.append(Problem(gettext(_UNKNOWN), "username"))
    if form.text("power") not in set(Power):
        problems.append(Problem(gettext(_NO_POWER), "power"))
    if form.text("power") == Power.DELEGATE and not form.text("agency"):
        problems.append(Problem(gettext(_NO_AGENCY), "agency"))
    problem = reason_problem(form.text("reason"))
    if problem:
        problems.append(problem)
    return problems, found.id if found else None


def known_holder(person_id: UUID) -> Holder:
    """Return who has a power now."""
    holder = next((one for one in services().staff.holders() if one.person_id == person_id), None)
    if holder is None or holder.ended_at is not None:
        raise NotFound
    return holder
