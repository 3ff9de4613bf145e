"""What happened, by filter; one event; and a copy of what a filter chooses, for auditors only (rule A8)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

import orjson
from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.audit.records import AuditRecord, facts_of
from idp.audit.searching import EventFilter, EventSearch, actions
from idp.audit.spreadsheet import COLUMNS, cells_of, csv_line
from idp.foundation.errors import UserError
from idp.staff.events import EventsExported
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console import event_filters, saved_views
from idp.web.console.blocks import block_link
from idp.web.console.charts import share_of
from idp.web.console.filters import UNKNOWN_VALUE, address, read
from idp.web.console.guards import requires
from idp.web.console.pages import actor_names, client_names, console_page, places_of
from idp.web.console.paging import Page, current_page
from idp.web.console.problems import found_problems, reason_problem
from idp.web.shared.forms import read_form
from idp.web.shared.locale import current_locale, gettext
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

PATH: Final = "/console/events"
_SECTION: Final = "events"
_COUNTED_FOR: Final = timedelta(days=1)
_ACTIONS_SHOWN: Final = 15
_FORMS: Final = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}


@requires(Permission.SEE_EVENTS)
def show(officer: Officer) -> Response:
    """List events, latest first."""
    return _list_page(officer)


@requires(Permission.SEE_EVENTS)
def change_views(officer: Officer) -> Response:
    """Save or delete a view of this list."""
    given = event_filters.typed()
    if read(event_filters.parsed, given)[1]:
        return _list_page(officer)
    return saved_views.change_views(officer, _SECTION, PATH, given, _list_page)


def _list_page(officer: Officer, problem: Problem | None = None) -> Response:
    given = event_filters.typed()
    chosen, problems = read(event_filters.parsed, given)
    page: Page[AuditRecord] = (
        current_page(partial(services().event_search.page, chosen), PATH, given) if chosen else Page([])
    )
    return console_page(
        officer,
        "events.html",
        problems=[*problems, problem],
        given=given,
        chips=event_filters.chips(given, PATH),
        views=saved_views.view_links(officer, _SECTION, PATH, given),
        actions=actions(),
        clients=services().registry.names(locale=current_locale()),
        records=page.lines,
        places=places_of(record.network for record in page.lines),
        actors=actor_names(page.lines, officer),
        has_table=services().networks.is_loaded,
        newer=page.newer,
        older=page.older,
        by_action=_by_action() if chosen and not given else None,
        export_url=address(f"{PATH}/export", given) if officer.may(Permission.EXPORT_EVENTS) and chosen else None,
        may_see_accounts=officer.may(Permission.SEE_ACCOUNTS),
        may_block=officer.may(Permission.CHANGE_BLOCKS),
        blocking={one: block_link(officer, one) for one in {record.network for record in page.lines}},
    )


def _by_action() -> list[dict[str, Any]]:
    """Return the most usual actions of a day, with how long the bar of each is."""
    counted = services().charts.by_action(_COUNTED_FOR)
    total = sum(count for _, count in counted)
    return [
        {"action": action, "count": count, "width": share_of(count, total)}
        for action, count in counted[:_ACTIONS_SHOWN]
    ]


@requires(Permission.SEE_EVENTS)
def show_one(officer: Officer, event_id: UUID) -> Response:
    """Show one event with all that it says."""
    record = services().event_search.find(event_id)
    if record is None:
        raise NotFound
    return console_page(
        officer,
        "event.html",
        record=record,
        places=places_of([record.network]),
        facts=facts_of(record),
        actors=actor_names([record], officer),
        names=client_names([record.client_id]),
        may_see_accounts=officer.may(Permission.SEE_ACCOUNTS),
        may_see_sessions=officer.may(Permission.SEE_SESSIONS),
        may_prove=officer.may(Permission.EXPORT_EVENTS),
        block_url=block_link(officer, record.network),
    )


@requires(Permission.EXPORT_EVENTS, fresh=True)
def exporting(officer: Officer) -> Response:
    """Ask in which form and why."""
    return _export_page(officer)


@requires(Permission.EXPORT_EVENTS, fresh=True)
def export(officer: Officer) -> Response:
    """Send the events of the filter, those too that a view hides; the copy is itself an event."""
    form = read_form(request)
    kind, reason = form.text("form"), form.text("reason")
    problems = found_problems(reason_problem(reason))
    if kind not in _FORMS:
        problems.append(Problem(gettext(UNKNOWN_VALUE), "form"))
    try:
        chosen = replace(event_filters.parsed(event_filters.typed()), hidden=())
    except UserError as error:
        problems.append(Problem.of(error))
    if problems:
        return _export_page(officer, problems)
    services().audit.record(EventsExported(actor=officer.actor, reason=reason, form=kind, chosen=chosen.packed()))
    lines = _LINES[kind](services().event_search, chosen)
    response = Response(lines, content_type=_FORMS[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="events.{kind}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _csv(search: EventSearch, chosen: EventFilter) -> Iterator[str]:
    yield csv_line(COLUMNS)
    for record in search.every(chosen):
        yield csv_line(cells_of(record))


def _jsonl(search: EventSearch, chosen: EventFilter) -> Iterator[str]:
    for record in search.every(chosen):
        yield orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE).decode()


_LINES: Final[Mapping[str, Callable[[EventSearch, EventFilter], Iterator[str]]]] = {"csv": _csv, "jsonl": _jsonl}


def _export_page(officer: Officer, problems: Sequence[Problem] = ()) -> Response:
    given = event_filters.typed()
    return console_page(
        officer,
        "export_events.html",
        problems=problems,
        chips=event_filters.chips(given, PATH),
        back_url=address(PATH, given),
    )
