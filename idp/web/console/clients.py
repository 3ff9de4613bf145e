"""The register: which sites there are, and one of them with its versions, secrets and what waits for it.

A department delegate sees the sites of one agency; to them, those of others do not exist.
"""

from datetime import timedelta

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.registry.members import SECRET_METHODS
from idp.registry.views import ClientDetail
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console import client_filters, saved_views
from idp.web.console.charts import outcome_chart_of
from idp.web.console.filters import address
from idp.web.console.guards import requires
from idp.web.console.pages import actor_name, console_page
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

PATH = "/console/clients"
_SECTION = "clients"
_CALLS_OF = timedelta(days=1)


@requires(Permission.SEE_CLIENTS)
def show(officer: Officer) -> Response:
    """List the sites this officer looks after, by id."""
    return _list_page(officer)


@requires(Permission.SEE_CLIENTS)
def change_views(officer: Officer) -> Response:
    """Save or delete a view of this list."""
    return saved_views.change_views(officer, _SECTION, PATH, client_filters.typed(), _list_page)


def _list_page(officer: Officer, problem: Problem | None = None) -> Response:
    given = client_filters.typed()
    mine = [one for one in services().registry.list() if officer.looks_after(one.agency)]
    known = client_filters.Known(
        services().site_usages.of_all(), {one.client_id: one.ends_at for one in services().credentials.ending()}
    )
    lines = client_filters.page_of(
        client_filters.matching(mine, given, services().clock.now(), known), request.args.get("after", "")
    )
    return console_page(
        officer,
        "clients.html",
        problems=[problem],
        given=given,
        chips=client_filters.chips(given, PATH),
        views=saved_views.view_links(officer, _SECTION, PATH, given),
        labels=client_filters.LABELS,
        values={name: sorted({getattr(one, name) for one in mine}) for name in ("agency", "environment", "profile")},
        states=client_filters.STATES,
        expiring=client_filters.EXPIRING_WORDS,
        unused=client_filters.UNUSED_WORDS,
        usages=known.usages,
        ends=known.ends,
        calls=services().charts.calls_by_client(_CALLS_OF),
        lines=lines.shown,
        previous=None if lines.before is None else address(PATH, given, after=lines.before),
        following=None if lines.after is None else address(PATH, given, after=lines.after),
        may_change=officer.may(Permission.CHANGE_CLIENTS),
    )


@requires(Permission.SEE_CLIENTS)
def show_one(officer: Officer, client_id: str) -> Response:
    """Show one site: what is in force, what waits, its versions and secrets, what a reviewer should look at."""
    return client_page(officer, client_id)


@requires(Permission.SEE_CLIENTS)
def show_version(officer: Officer, client_id: str, number: int) -> Response:
    """Show one version beside the one in force."""
    return version_page(officer, client_id, number)


def client_of(officer: Officer, client_id: str) -> ClientDetail:
    """Return a client that this officer may see. Raises NotFound."""
    detail = services().registry.show(client_id)
    if detail is None or not officer.looks_after(detail.agency):
        raise NotFound
    return detail


def client_page(officer: Officer, client_id: str, problem: Problem | None = None) -> Response:
    """Answer with the page of a client."""
    detail = client_of(officer, client_id)
    content = detail.content or detail.draft or {}
    return console_page(
        officer,
        "client.html",
        problems=[problem],
        client=detail,
        content=content,
        authors={version.author: actor_name(version.author) for version in detail.versions},
        waiting=services().changes.open_requests(target=client_id),
        sweep=services().sessions.sweeps.unfinished(client_id),
        uses_secret=content.get("token_endpoint_auth_method") in SECRET_METHODS,
        may_change=officer.may(Permission.CHANGE_CLIENTS),
        may_stop=officer.may(Permission.STOP_CLIENTS),
        may_approve=officer.may(Permission.APPROVE_CLIENTS),
        calls=outcome_chart_of(services().charts.of_client(client_id, _CALLS_OF)),
        may_see_events=officer.may(Permission.SEE_EVENTS),
        may_see_grants=officer.may(Permission.SEE_SESSIONS),
    )


def version_page(officer: Officer, client_id: str, number: int, problem: Problem | None = None) -> Response:
    """Answer with the page of a version."""
    detail = client_of(officer, client_id)
    comparison = services().registry.compare(client_id, number)
    if comparison is None:
        raise NotFound
    return console_page(
        officer,
        "client_version.html",
        problems=[problem],
        client=detail,
        comparison=comparison,
        simulated=services().client_changes.simulation_of(client_id, comparison),
        author=actor_name(comparison.version.author),
        may_change=officer.may(Permission.CHANGE_CLIENTS) and comparison.version.status != "published",
    )
