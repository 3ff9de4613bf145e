"""Who is signed in, from where and to what; ending one session, or all that a filter chooses."""

from functools import partial
from uuid import UUID

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.blocks.values import DEVICE
from idp.factors.assurance import ACR_VALUES
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.interventions.mass_endings import ENDED_BY_STAFF
from idp.sessions.filters import SessionFilter
from idp.sessions.values import Selector, SessionLine
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console import mass_endings, saved_views, session_filters
from idp.web.console.blocks import block_link
from idp.web.console.filters import address, read
from idp.web.console.guards import requires
from idp.web.console.pages import client_names, console_page, places_of
from idp.web.console.paging import Page, current_page
from idp.web.console.problems import reason_problem
from idp.web.my_account.device_names import device_name
from idp.web.shared.forms import read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import current_locale
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

PATH = "/console/sessions"
_SECTION = "sessions"
_EVERYTHING = marked("This filter chooses every session. Narrow it down, or use the command line in an emergency.")
_NOT_LIVE = marked("Only live sessions can be ended. Take the filter of the state away.")


@requires(Permission.SEE_SESSIONS)
def show(officer: Officer) -> Response:
    """List sessions, latest first."""
    return _list_page(officer)


@requires(Permission.SEE_SESSIONS)
def change_views(officer: Officer) -> Response:
    """Save or delete a view of this list."""
    given = session_filters.typed()
    if read(session_filters.parsed, given)[1]:
        return _list_page(officer)
    return saved_views.change_views(officer, _SECTION, PATH, given, _list_page)


def _list_page(officer: Officer, problem: Problem | None = None) -> Response:
    given = session_filters.typed()
    chosen, problems = read(session_filters.parsed, given)
    page: Page[SessionLine] = (
        current_page(partial(services().session_search.page, chosen), PATH, given) if chosen else Page([])
    )
    devices = {line.id: device_name(line.user_agent).device for line in page.lines}
    return console_page(
        officer,
        "sessions.html",
        problems=[*problems, problem],
        given=given,
        chips=session_filters.chips(given, PATH, next(iter(devices.values()), None)),
        views=saved_views.view_links(officer, _SECTION, PATH, given),
        clients=services().registry.names(locale=current_locale()),
        methods=session_filters.METHODS,
        levels=ACR_VALUES,
        signs=session_filters.SIGN_WORDS,
        ages=session_filters.AGE_WORDS,
        states=session_filters.STATE_WORDS,
        lines=page.lines,
        devices=devices,
        places=places_of(line.network for line in page.lines),
        has_table=services().networks.is_loaded,
        newer=page.newer,
        older=page.older,
        ending_url=address(f"{PATH}/end", given),
        may_end=officer.may(Permission.END_SESSIONS) and chosen is not None and chosen.state == "live",
        may_see_accounts=officer.may(Permission.SEE_ACCOUNTS),
        may_see_hunts=officer.may(Permission.SEE_HUNTS),
    )


@requires(Permission.SEE_SESSIONS)
def show_one(officer: Officer, session_id: UUID) -> Response:
    """Show one session: its sites, and what each of them was told."""
    return _session_page(officer, session_id)


@requires(Permission.END_SESSIONS, fresh=True)
def end_one(officer: Officer, session_id: UUID) -> Response:
    """End one session."""
    reason = read_form(request).text("reason")
    problem = reason_problem(reason)
    if problem:
        return _session_page(officer, session_id, problem)
    with services().database.transaction():
        services().sessions.terminate(Selector(session_id=session_id), reason=ENDED_BY_STAFF, actor=officer.actor)
        services().staff.note_reason(officer, "session.end", reason, session_id=session_id)
    return see_other(f"{PATH}/{session_id}")


@requires(Permission.END_SESSIONS, fresh=True)
def estimate(officer: Officer) -> Response:
    """Count what ending all sessions of the filter would end; the button comes with the count."""
    return _estimate_page(officer)


@requires(Permission.END_SESSIONS, fresh=True)
def end_many(officer: Officer) -> Response:
    """Begin to end them, or ask a second officer."""
    return mass_endings.begin(officer, PATH, _chosen_to_end, _estimate_page)


@requires(Permission.SEE_SESSIONS)
def show_ending(officer: Officer, ending_id: UUID) -> Response:
    """Show how far a mass ending has come, and what the departments have confirmed."""
    progress = services().mass_endings.progress(ending_id)
    if progress is None or not isinstance(progress.chosen, SessionFilter):
        raise NotFound
    told = services().mass_endings.deliveries(progress)
    return console_page(
        officer,
        "ending.html",
        progress=progress,
        told=told,
        names=client_names(line.client_id for line in told),
    )


def _chosen_to_end() -> SessionFilter:
    chosen = session_filters.parsed(session_filters.typed())
    if chosen.is_everything:
        raise UserError(_EVERYTHING)
    if chosen.state != "live":
        raise UserError(_NOT_LIVE)
    return chosen


def _estimate_page(officer: Officer, problem: Problem | None = None) -> Response:
    given = session_filters.typed()
    counted, needs_approval = None, False
    try:
        counted = services().session_search.estimate(_chosen_to_end())
        needs_approval = services().mass_endings.needs_approval(officer, counted.sessions)
    except UserError as error:
        problem = Problem.of(error)
    return console_page(
        officer,
        "end_sessions.html",
        problems=[problem],
        chips=session_filters.chips(given, PATH),
        counted=counted,
        needs_approval=needs_approval,
        threshold=services().settings.mass_ending_threshold,
        back_url=address(PATH, given),
    )


def _session_page(officer: Officer, session_id: UUID, problem: Problem | None = None) -> Response:
    line = services().session_search.find(session_id)
    if line is None:
        raise NotFound
    deliveries = services().outbox.deliveries([session_id])
    return console_page(
        officer,
        "session.html",
        problems=[problem],
        line=line,
        device=device_name(line.user_agent).device,
        signs=session_filters.SIGN_WORDS,
        places=places_of([line.network]),
        names=client_names(delivery.lane for delivery in deliveries),
        deliveries=deliveries,
        may_see_account=officer.may(Permission.SEE_ACCOUNTS),
        may_end=officer.may(Permission.END_SESSIONS) and line.ended_at is None,
        block_network=block_link(officer, line.network),
        block_device=block_link(officer, line.device_id, DEVICE),
    )
