"""What services hold in people's names; revoking one grant, all of a service for one person, or all that a filter
chooses.
"""

from functools import partial
from typing import Final
from uuid import UUID

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.consents.grant_filter import GrantFilter
from idp.consents.service import STATUTORY
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.interventions.mass_endings import ENDED_BY_STAFF
from idp.protocol.grant_list import GrantLine
from idp.sessions.values import Selector
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console import grant_filters, mass_endings, saved_views
from idp.web.console.filters import address, read
from idp.web.console.guards import requires
from idp.web.console.pages import client_names, console_page
from idp.web.console.paging import Page, current_page, further
from idp.web.console.problems import reason_problem
from idp.web.shared.forms import read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import current_locale
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

PATH: Final = "/console/grants"
_SECTION: Final = "grants"
_OF_WHAT: Final = marked("Choose a service: what a filter revokes is what one service holds.")
_NOT_LIVE: Final = marked("Only grants in force can be revoked. Take the filter of the state away.")


@requires(Permission.SEE_SESSIONS)
def show(officer: Officer) -> Response:
    """List grants, latest first."""
    return _list_page(officer)


@requires(Permission.SEE_SESSIONS)
def change_views(officer: Officer) -> Response:
    """Save or delete a view of this list."""
    given = grant_filters.typed()
    if read(grant_filters.parsed, given)[1]:
        return _list_page(officer)
    return saved_views.change_views(officer, _SECTION, PATH, given, _list_page)


def _list_page(officer: Officer, problem: Problem | None = None) -> Response:
    given = grant_filters.typed()
    chosen, problems = read(grant_filters.parsed, given)
    page: Page[GrantLine] = Page([])
    if chosen is not None:
        page = current_page(partial(services().protocol.grant_list.page, chosen), PATH, given)
    return console_page(
        officer,
        "grants.html",
        problems=[*problems, problem],
        given=given,
        chips=grant_filters.chips(given, PATH),
        views=saved_views.view_links(officer, _SECTION, PATH, given),
        clients=services().registry.names(locale=current_locale()),
        uses=grant_filters.USE_WORDS,
        ages=grant_filters.AGE_WORDS,
        states=grant_filters.STATE_WORDS,
        page=page,
        further=_further(chosen, page, given),
        ending_url=address(f"{PATH}/end", given),
        may_end=officer.may(Permission.END_SESSIONS) and chosen is not None and chosen.state == "live",
        may_see_accounts=officer.may(Permission.SEE_ACCOUNTS),
    )


def _further(chosen: GrantFilter | None, page: Page[GrantLine], given: dict[str, str]) -> str | None:
    """Return where to look on for a scope when the page is not full and yet not everything was looked at."""
    if chosen is None or chosen.scope is None:
        return None
    return further(page, partial(services().protocol.grant_list.horizon, chosen), PATH, given)


@requires(Permission.SEE_SESSIONS)
def show_one(officer: Officer, grant_id: UUID) -> Response:
    """Show one grant: what the service may learn and do by it, and how to end it."""
    return _grant_page(officer, grant_id)


@requires(Permission.END_SESSIONS, fresh=True)
def end_one(officer: Officer, grant_id: UUID) -> Response:
    """End one grant, or all that its service holds for this person."""
    form = read_form(request)
    reason, is_all = form.text("reason"), form.text("what") == "all"
    problem, line = reason_problem(reason), _known(grant_id)
    if problem:
        return _grant_page(officer, grant_id, problem)
    try:
        with services().database.transaction():
            if is_all:
                _end_all(line, officer)
            else:
                services().grants.end(
                    line.id,
                    reason=ENDED_BY_STAFF,
                    actor=officer.actor,
                    client_id=line.client_id,
                    account_id=line.account_id,
                )
            act = "consent.withdraw" if is_all else "grant.end"
            services().staff.note_reason(officer, act, reason, account_id=line.account_id, client_id=line.client_id)
    except UserError as error:
        return _grant_page(officer, grant_id, Problem.of(error))
    return see_other(f"{PATH}/{grant_id}")


def _end_all(line: GrantLine, officer: Officer) -> None:
    """Withdraw the consent and what rests on it; where a statute stands in for consent, end what rests on that."""
    if _is_withdrawable(line):
        services().consents.withdraw(line.account_id, line.client_id, actor=officer.actor)
        return
    everything = Selector(account_id=line.account_id, client_id=line.client_id)
    services().sessions.terminate(everything, reason=ENDED_BY_STAFF, actor=officer.actor)


def _is_withdrawable(line: GrantLine) -> bool:
    return line.basis is not None and line.basis != STATUTORY


@requires(Permission.END_SESSIONS, fresh=True)
def estimate(officer: Officer) -> Response:
    """Count what revoking all grants of the filter would end; the button comes with the count."""
    return _estimate_page(officer)


@requires(Permission.END_SESSIONS, fresh=True)
def end_many(officer: Officer) -> Response:
    """Begin to revoke them, or ask a second officer."""
    return mass_endings.begin(officer, PATH, _chosen_to_end, _estimate_page)


@requires(Permission.SEE_SESSIONS)
def show_ending(officer: Officer, ending_id: UUID) -> Response:
    """Show how far it has come."""
    progress = services().mass_endings.progress(ending_id)
    if progress is None or not isinstance(progress.chosen, GrantFilter):
        raise NotFound
    return console_page(officer, "grants_ending.html", progress=progress)


def _chosen_to_end() -> GrantFilter:
    chosen = grant_filters.parsed(grant_filters.typed())
    if chosen.client_id is None:
        raise UserError(_OF_WHAT)
    if chosen.state != "live":
        raise UserError(_NOT_LIVE)
    return chosen


def _estimate_page(officer: Officer, problem: Problem | None = None) -> Response:
    given = grant_filters.typed()
    counted, needs_approval = None, False
    try:
        counted = services().mass_endings.estimate_of_grants(_chosen_to_end())
        needs_approval = services().mass_endings.needs_approval(officer, counted.grants)
    except UserError as error:
        problem = problem or Problem.of(error)
    return console_page(
        officer,
        "end_grants.html",
        problems=[problem],
        chips=grant_filters.chips(given, PATH),
        counted=counted,
        needs_approval=needs_approval,
        threshold=services().settings.mass_ending_threshold,
        back_url=address(PATH, given),
    )


def _known(grant_id: UUID) -> GrantLine:
    line = services().protocol.grant_list.find(grant_id)
    if line is None:
        raise NotFound
    return line


def _grant_page(officer: Officer, grant_id: UUID, problem: Problem | None = None) -> Response:
    line = _known(grant_id)
    may_end = officer.may(Permission.END_SESSIONS)
    return console_page(
        officer,
        "grant.html",
        problems=[problem],
        line=line,
        names=client_names([line.client_id]),
        may_see_account=officer.may(Permission.SEE_ACCOUNTS),
        may_end=may_end and line.ended_at is None,
        may_end_all=may_end,
        is_withdrawable=_is_withdrawable(line),
    )
