"""What an officer does to a site at once: stop it, give it a new secret; and asking for a stopped one to work again."""

from typing import Any

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.foundation.translation import marked
from idp.registry.views import Refused
from idp.sessions.usage import SiteUsage
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console.clients import PATH, client_of
from idp.web.console.guards import requires
from idp.web.console.pages import client_names, console_page
from idp.web.console.problems import reason_problem
from idp.web.shared.forms import read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import gettext
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

_NO_SECRET = marked("This service does not authenticate with a secret.")


@requires(Permission.STOP_CLIENTS, fresh=True)
def stopping(officer: Officer, client_id: str) -> Response:
    """Ask why a site is to be stopped, and say how many people that stops."""
    return _stop_page(officer, client_id)


@requires(Permission.STOP_CLIENTS, fresh=True)
def stop(officer: Officer, client_id: str) -> Response:
    """Stop it at once: no sign-in, no token, and all it holds ends."""
    reason, problem = _reason()
    if problem:
        return _stop_page(officer, client_id, problem)
    client_of(officer, client_id)
    services().client_changes.stop(client_id, actor=officer.actor, reason=reason)
    return see_other(f"{PATH}/{client_id}")


@requires(Permission.STOP_CLIENTS, fresh=True, in_emergency=False)
def resuming(officer: Officer, client_id: str) -> Response:
    """Ask why a stopped site is to work again."""
    _must_be_stopped(officer, client_id)
    return _act_page(officer, client_id, "resume_client.html")


@requires(Permission.STOP_CLIENTS, fresh=True, in_emergency=False)
def resume(officer: Officer, client_id: str) -> Response:
    """Put it before the officers who approve."""
    _must_be_stopped(officer, client_id)
    reason, problem = _reason()
    if problem:
        return _act_page(officer, client_id, "resume_client.html", problem)
    services().client_changes.ask_to_resume(client_id, officer, reason, services().changes)
    return see_other(f"{PATH}/{client_id}")


@requires(Permission.CHANGE_CLIENTS, fresh=True)
def rotating(officer: Officer, client_id: str) -> Response:
    """Ask why a site needs a new secret."""
    return _act_page(officer, client_id, "rotate_secret.html")


@requires(Permission.CHANGE_CLIENTS, fresh=True)
def rotate(officer: Officer, client_id: str) -> Response:
    """Make a new secret and show it, this once."""
    reason, problem = _reason()
    detail = client_of(officer, client_id)
    if problem:
        return _act_page(officer, client_id, "rotate_secret.html", problem)
    with services().database.transaction():
        issued = services().registry.rotate_secret(client_id, actor=officer.actor)
        if not isinstance(issued, Refused):
            services().staff.note_reason(officer, "client.rotate_secret", reason, client_id=client_id)
    services().registry.forget_cached()
    if isinstance(issued, Refused):
        return _act_page(officer, client_id, "rotate_secret.html", Problem(gettext(_NO_SECRET)))
    return console_page(officer, "new_secret.html", client=detail, issued=issued)


def _must_be_stopped(officer: Officer, client_id: str) -> None:
    if client_of(officer, client_id).state != "suspended":
        raise NotFound


def _reason() -> tuple[str, Problem | None]:
    reason = read_form(request).text("reason")
    return reason, reason_problem(reason)


def _stop_page(officer: Officer, client_id: str, problem: Problem | None = None) -> Response:
    return _act_page(
        officer,
        client_id,
        "stop_client.html",
        problem,
        name=client_names([client_id]).get(client_id, client_id),
        usage=services().site_usages.of_all().get(client_id, SiteUsage()),
    )


def _act_page(
    officer: Officer,
    client_id: str,
    template: str,
    problem: Problem | None = None,
    **context: Any,
) -> Response:
    return console_page(
        officer,
        template,
        problems=[problem],
        client=client_of(officer, client_id),
        approvals_needed=services().client_changes.approvals_needed,
        **context,
    )
