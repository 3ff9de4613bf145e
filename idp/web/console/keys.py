"""The signing keys, and replacing them: by the schedule at one officer's word, in an emergency with a second one's."""

from typing import Final

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.foundation.errors import UserError
from idp.interventions.key_changes import EMERGENCY, TARGET
from idp.sessions.filters import SessionFilter
from idp.staff.powers import Permission
from idp.staff.values import Change, Officer
from idp.web.console.guards import requires
from idp.web.console.pages import console_page
from idp.web.console.problems import reason_problem
from idp.web.shared.forms import read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

PATH: Final = "/console/keys"


@requires(Permission.SEE_KEYS)
def show(officer: Officer) -> Response:
    """List every signing key there ever was, and what waits for a second officer."""
    return _keys_page(officer)


@requires(Permission.ROTATE_KEYS)
def withdraw(officer: Officer) -> Response:
    """Take one's own request back."""
    wanted = read_form(request).text("request")
    change = next((one for one in _waiting() if str(one.id) == wanted), None)
    if change is None:
        raise NotFound
    try:
        services().changes.withdraw(change.id, officer)
    except UserError as error:
        return _keys_page(officer, Problem.of(error))
    return see_other(PATH)


@requires(Permission.ROTATE_KEYS, fresh=True)
def rotating(officer: Officer) -> Response:
    """Ask which keys are to be replaced, and why."""
    return _rotate_page(officer, "rotate_keys.html")


@requires(Permission.ROTATE_KEYS, fresh=True)
def rotate(officer: Officer) -> Response:
    """Let the waiting keys sign as early as they may."""
    alg, reason, problem = _asked()
    if problem is None:
        try:
            services().key_changes.rotate(officer, reason, alg)
        except UserError as error:
            problem = Problem.of(error)
    return _rotate_page(officer, "rotate_keys.html", problem) if problem else see_other(PATH)


@requires(Permission.ROTATE_KEYS, fresh=True, in_emergency=False)
def replacing(officer: Officer) -> Response:
    """Say what an emergency rotation does, counted, and ask why."""
    return _emergency_page(officer)


@requires(Permission.ROTATE_KEYS, fresh=True, in_emergency=False)
def replace(officer: Officer) -> Response:
    """Put an emergency rotation before a security officer."""
    alg, reason, problem = _asked()
    if problem is None:
        try:
            services().key_changes.ask_emergency(officer, reason, services().changes, alg)
        except UserError as error:
            problem = Problem.of(error)
    return _emergency_page(officer, problem) if problem else see_other(PATH)


def _asked() -> tuple[str | None, str, Problem | None]:
    form = read_form(request)
    reason = form.text("reason")
    return form.text("alg") or None, reason, reason_problem(reason)


def _waiting() -> list[Change]:
    return [change for change in services().changes.open_requests(target=TARGET) if change.kind == EMERGENCY]


def _keys_page(officer: Officer, problem: Problem | None = None) -> Response:
    return console_page(
        officer,
        "keys.html",
        problems=[problem],
        keys=services().keyring.list_keys(),
        findings=services().keyring.problems(),
        waiting=_waiting(),
        sweep=services().sessions.sweeps.unfinished(None),
        may_rotate=officer.may(Permission.ROTATE_KEYS),
    )


def _emergency_page(officer: Officer, problem: Problem | None = None) -> Response:
    counted = services().session_search.estimate(SessionFilter())
    return _rotate_page(officer, "replace_keys.html", problem, sessions=counted.sessions)


def _rotate_page(officer: Officer, template: str, problem: Problem | None = None, **context: int) -> Response:
    return console_page(
        officer,
        template,
        problems=[problem],
        algorithms=services().keyring.algorithms(),
        keys=[key for key in services().keyring.list_keys() if key.state in {"active", "pending"}],
        pending_hours=services().settings.pending_key_seconds // 3600,
        **context,
    )
