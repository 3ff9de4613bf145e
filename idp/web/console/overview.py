"""The start of the console: the search box, what waits for this officer, and charts of what their power may see."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from flask import request
from werkzeug.wrappers import Response

from idp.foundation.translation import marked
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console.charts import outcome_chart_of, share_of
from idp.web.console.guards import requires
from idp.web.console.pages import console_page
from idp.web.console.windows import WINDOW_WORDS, WINDOWS, window_asked
from idp.web.console.words import word
from idp.web.shared.guards import public
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import current_locale, gettext
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

_REFUSED_SHOWN: Final = 10
_JOINED: Final = marked(", ")


@dataclass(frozen=True, slots=True)
class Task:
    """Something that waits for officers with a permission: where it is done, and how much of it there is."""

    path: str
    text: str
    permission: Permission
    count: Callable[[Officer], int]


def _approvals(officer: Officer) -> int:
    return services().changes.count_waiting_for(officer)


def _expiring(officer: Officer) -> int:
    # Those of the linked list, which shows a department delegate the sites of one agency.
    return sum(officer.looks_after(one.agency) for one in services().credentials.ending())


def _alerts(_officer: Officer) -> int:
    return len(services().alerting.alerts.latest(timedelta(days=1)))


def _reviews(officer: Officer) -> int:
    now = services().clock.now()
    others = (one for one in services().staff.holders() if one.person_id != officer.person_id)
    return sum(one.is_to_review(now) for one in others)


TASKS: Final = (
    Task(
        "/console/requests",
        marked("Requests waiting for your approval"),
        Permission.APPROVE_REQUESTS,
        _approvals,
    ),
    Task(
        "/console/clients?expiring=30d",
        marked("Services with a secret, key or certificate that ends in 30 days"),
        Permission.SEE_CLIENTS,
        _expiring,
    ),
    Task("/console/staff", marked("Powers of officers to review"), Permission.CHANGE_STAFF, _reviews),
    Task("/console/hunts#alerts", marked("Alerts of the last 24 hours"), Permission.SEE_HUNTS, _alerts),
    Task(
        "/console/deliveries",
        marked("Messages to services given up"),
        Permission.SEE_DELIVERIES,
        lambda _officer: services().signals.ledger.counts()[1],
    ),
    Task(
        "/console/messages?state=dead",
        marked("Messages to people given up"),
        Permission.SEE_DELIVERIES,
        lambda _officer: services().notices.counts()[1],
    ),
)


@public
def start() -> Response:
    """Lead from the bare address to the console."""
    return see_other("/console")


@requires(Permission.SEE_OVERVIEW)
def show(officer: Officer) -> Response:
    """Show the search box, the tasks and the charts."""
    return overview_page(officer)


def overview_page(officer: Officer, problem: Problem | None = None) -> Response:
    """Answer with the start page, perhaps with what is wrong with a search."""
    window = window_asked()
    return console_page(
        officer,
        "overview.html",
        404 if problem else 200,
        problems=[problem],
        tasks=[(task, task.count(officer)) for task in TASKS if officer.may(task.permission)],
        window=window,
        windows=WINDOW_WORDS,
        **_charts_of_people(officer, WINDOWS[window]),
        **_chart_of_services(officer, WINDOWS[window]),
    )


def _charts_of_people(officer: Officer, span: timedelta) -> Mapping[str, Any]:
    if not officer.may(Permission.SEE_HUNTS):
        return {"sign_ins": None}
    means = services().charts.by_means(span)
    total = sum(one.count for one in means)
    return {
        "sign_ins": outcome_chart_of(services().hunts.sign_ins(span)),
        "means": [
            {
                "text": gettext(_JOINED).join(map(word, one.means)),
                "count": one.count,
                "width": share_of(one.count, total),
            }
            for one in means
        ],
        "passkeys": outcome_chart_of(services().charts.passkeys(span)),
    }


def _chart_of_services(officer: Officer, span: timedelta) -> Mapping[str, Any]:
    if not officer.may(Permission.SEE_CLIENTS):
        return {"refused": None}
    counted = services().charts.refused_by_client(span)
    known = services().registry.glance()
    mine = {client_id: one for client_id, one in known.items() if officer.looks_after(one.agency)}
    agencies = sorted({one.agency for one in mine.values()})
    agency = request.args.get("agency", "")
    if agency in agencies:
        mine = {client_id: one for client_id, one in mine.items() if one.agency == agency}
    shown = [(count, mine[client_id]) for client_id, count in counted.items() if client_id in mine]
    total = sum(count for count, _ in shown)
    top = sorted(shown, key=lambda pair: (-pair[0], pair[1].client_id))[:_REFUSED_SHOWN]
    return {
        "refused": [
            {
                "client_id": one.client_id,
                "name": one.name_in(current_locale()),
                "count": count,
                "width": share_of(count, total),
            }
            for count, one in top
        ],
        "is_cut": len(shown) > len(top),
        "agencies": agencies,
        "agency": agency if agency in agencies else "",
    }
