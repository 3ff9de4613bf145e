"""Who has which power, asking for one to be given, and taking one away."""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.accounts.identifiers import parse_identifier
from idp.foundation.columns import microseconds, moment_of
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.sessions.values import Selector
from idp.staff.granting import GRANT
from idp.staff.powers import NAMES, PERMISSIONS, Permission, Power
from idp.staff.values import REVIEWED_EVERY, Holder, Officer
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
_LONGEST_MOMENT: Final = 17
_UNKNOWN = marked("There is no staff account with this username.")
_NO_POWER = marked("Choose a power.")
_NO_AGENCY = marked("A department delegate needs the agency whose sites they look after.")
_OWN = marked("Nobody ends their own power: another officer does.")


@requires(Permission.SEE_STAFF)
def show(officer: Officer) -> Response:
    """List officers, and the table of what each power includes."""
    holders, now = services().staff.holders(), services().clock.now()
    return console_page(
        officer,
        "staff.html",
        holders=holders,
        presence=services().hunts.presence(),
        to_review={holder.person_id for holder in holders if holder.is_to_review(now)},
        review_days=REVIEWED_EVERY.days,
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


@requires(Permission.CHANGE_STAFF, fresh=True)
def reviewing(officer: Officer, person_id: UUID) -> Response:
    """Ask whether a power is still needed."""
    return _review_page(officer, known_holder(person_id))


@requires(Permission.CHANGE_STAFF, fresh=True)
def review(officer: Officer, person_id: UUID) -> Response:
    """Note that the power that was looked at is still needed."""
    holder, form = known_holder(person_id), read_form(request)
    reason = form.text("reason")
    problem = reason_problem(reason)
    if problem is None:
        try:
            services().staff.review(replace(holder, granted_at=_moment(form.text("granted"))), officer, reason)
        except UserError as error:
            problem = Problem.of(error)
    return _review_page(officer, holder, problem) if problem else see_other(PATH)


def _moment(text: str) -> datetime:
    # A form of ours sends whole microseconds; anything else was never a time of this power.
    return moment_of(int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_MOMENT else 0)


def _review_page(officer: Officer, holder: Holder, problem: Problem | None = None) -> Response:
    return console_page(
        officer,
        "review_officer.html",
        problems=[problem],
        holder=holder,
        granted=microseconds(holder.granted_at),
        presence=services().hunts.presence()[holder.account_id],
        names=NAMES,
        permissions=[PERMISSION_WORDS[one] for one, powers in PERMISSIONS.items() if holder.power in powers],
    )


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
