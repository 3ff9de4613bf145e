"""Changes that wait for another officer: what exactly is asked, by whom and why, and the answer."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.interventions.client_changes import PUBLISH
from idp.interventions.key_changes import TARGET
from idp.interventions.merging import MERGE
from idp.registry.views import Comparison
from idp.staff.granting import GRANT
from idp.staff.powers import NAMES, Permission, Power
from idp.staff.values import Change, ChangeFilter, Officer
from idp.web.console import filters
from idp.web.console.filters import UNKNOWN_VALUE
from idp.web.console.guards import requires
from idp.web.console.pages import console_page
from idp.web.console.paging import Page, current_page
from idp.web.console.problems import reason_problem
from idp.web.shared.forms import read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import current_locale, gettext
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

PATH: Final = "/console/requests"
_LABELS: Final = {"state": marked("State"), "kind": marked("Change"), "agency": marked("Agency")}
STATES: Final = ("open", "applied", "rejected", "withdrawn", "superseded", "expired")
_KEYS: Final = marked("Signing keys")
_UNKNOWN_AUTHOR: Final = marked("unknown")


@requires(Permission.APPROVE_REQUESTS)
def show_all(officer: Officer) -> Response:
    """List what waits, oldest first, or how others ended, latest first."""
    of_agency = _targets_by_agency()
    given = filters.typed(_LABELS)
    choices = {"state": STATES, "kind": services().changes.kinds, "agency": sorted(of_agency)}
    wanted, problems = filters.read(partial(_filter, choices, of_agency), given)
    page: Page[Change] = current_page(partial(services().changes.page, wanted), PATH, given) if wanted else Page([])
    return console_page(
        officer,
        "requests.html",
        problems=problems,
        given=given,
        chips=filters.chips(given, PATH, _LABELS, {}, named=_LABELS),
        choices=choices,
        state=(wanted or ChangeFilter()).state,
        changes=_lines(page.lines, officer),
        page=page,
    )


@requires(Permission.APPROVE_REQUESTS, fresh=True)
def show(officer: Officer, request_id: UUID) -> Response:
    """Show one request with its whole content."""
    return _page(officer, request_id)


@requires(Permission.APPROVE_REQUESTS, fresh=True)
def decide(officer: Officer, request_id: UUID) -> Response:
    """Approve, reject or withdraw, as the button says."""
    form = read_form(request)
    answer, reason = form.text("answer"), form.text("reason")
    problem = reason_problem(reason) if answer == "reject" else None
    if problem:
        return _page(officer, request_id, problem)
    try:
        if answer == "approve":
            services().changes.approve(request_id, form.text("digest"), officer)
        elif answer == "withdraw":
            services().changes.withdraw(request_id, officer)
        else:
            services().changes.reject(request_id, officer, reason)
    except UserError as error:
        return _page(officer, request_id, Problem.of(error))
    return see_other(f"{PATH}/{request_id}")


def _page(officer: Officer, request_id: UUID, problem: Problem | None = None) -> Response:
    change = services().changes.get(request_id)
    if change is None:
        raise NotFound
    comparison = _comparison(change)
    return console_page(
        officer,
        "request.html",
        problems=[problem],
        change=change,
        line=_lines([change], officer)[0],
        comparison=comparison,
        simulated=comparison and services().client_changes.simulation_of(change.target, comparison),
        power_names=NAMES,
    )


def _targets_by_agency() -> dict[str, frozenset[str]]:
    """Return the services of each agency: what a request about one of them names as its target."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for one in services().registry.glance().values():
        found[one.agency].add(one.client_id)
    return {agency: frozenset(targets) for agency, targets in found.items()}


def _filter(
    choices: Mapping[str, Collection[str]], of_agency: Mapping[str, frozenset[str]], given: Mapping[str, str]
) -> ChangeFilter:
    """Return the filter that was typed. Raises UserError that names its field."""
    for name, value in given.items():
        if value not in choices[name]:
            raise UserError(UNKNOWN_VALUE, field=name)
    targets = of_agency[given["agency"]] if "agency" in given else None
    return ChangeFilter(given.get("state", "open"), given.get("kind"), targets)


def _comparison(change: Change) -> Comparison | None:
    """Return what would change in a registration."""
    return services().registry.compare(change.target, change.content["version"]) if change.kind == PUBLISH else None


def _risks(change: Change, risky: Mapping[str, Sequence[str]]) -> Sequence[str]:
    if change.kind == GRANT:
        return [NAMES[Power(change.content["power"])]]
    return risky.get(change.target, ()) if change.kind == PUBLISH else ()


def _lines(changes: Sequence[Change], officer: Officer) -> list[dict[str, Any]]:
    """Return the requests with the names of what they are about and of who asks, and what is risky in what waits."""
    risky = services().registry.risks_of(
        {one.target: one.content["version"] for one in changes if one.kind == PUBLISH and one.state == "open"}
    )
    authors = {holder.person_id: holder.username for holder in services().staff.holders()}
    known = services().registry.glance(change.target for change in changes)
    subjects = {one.client_id: one.name_in(current_locale()) for one in known.values()} | {TARGET: gettext(_KEYS)}
    accounts = {UUID(change.target) for change in changes if change.kind in {GRANT, MERGE}}
    accounts |= {UUID(change.content["into"]) for change in changes if change.kind == MERGE}
    subjects |= {str(account_id): name for account_id, name in services().account_search.usernames(accounts).items()}
    return [
        {
            "change": change,
            "about": subjects.get(change.target, change.target),
            "agency": known[change.target].agency if change.target in known else change.content.get("agency"),
            "risks": _risks(change, risky),
            "author": authors.get(change.author_id, gettext(_UNKNOWN_AUTHOR)),
            "kept": subjects.get(change.content["into"]) if change.kind == MERGE else None,
            "is_own": change.author_id == officer.person_id,
            "has_approved": officer.person_id in change.approver_ids,
            "given": len(change.approver_ids),
        }
        for change in changes
    ]
