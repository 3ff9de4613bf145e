"""The alert rules of the hunts page: made, paused, resumed and removed, after a fresh sign-in and with a reason."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.foundation.errors import UserError
from idp.interventions.alerts.hunting import WATCHED
from idp.interventions.alerts.rules import Rule
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console.guards import requires
from idp.web.console.pages import console_page
from idp.web.console.problems import reason_problem
from idp.web.console.windows import WINDOW_WORDS, WINDOWS
from idp.web.shared.forms import NOTHING_TYPED, Form, read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

PAGE: Final = "/console/hunts"
_LONGEST_NUMBER: Final = 7


@requires(Permission.CHANGE_ALERTS, fresh=True)
def new(officer: Officer) -> Response:
    """Ask what a new rule watches."""
    return _new_page(officer)


@requires(Permission.CHANGE_ALERTS, fresh=True)
def add(officer: Officer) -> Response:
    """Make a rule."""
    form = read_form(request)
    reason = form.text("reason")
    problem = reason_problem(reason)
    if problem is None:
        try:
            services().alerting.rules.add(
                form.text("hunt"),
                WINDOWS.get(form.text("window"), timedelta(0)),
                _number(form.text("threshold")),
                officer=officer,
                reason=reason,
            )
        except UserError as error:
            problem = Problem.of(error)
    return see_other(PAGE) if problem is None else _new_page(officer, problem, form)


@requires(Permission.CHANGE_ALERTS, fresh=True)
def switching(officer: Officer, rule_id: UUID) -> Response:
    """Ask why a rule is to be paused or resumed."""
    return _change_page(officer, rule_id, "switch")


@requires(Permission.CHANGE_ALERTS, fresh=True)
def switch(officer: Officer, rule_id: UUID) -> Response:
    """Pause a rule, or resume it."""
    return _change(officer, rule_id, "switch", services().alerting.rules.switch)


@requires(Permission.CHANGE_ALERTS, fresh=True)
def removing(officer: Officer, rule_id: UUID) -> Response:
    """Ask why a rule is to be removed."""
    return _change_page(officer, rule_id, "remove")


@requires(Permission.CHANGE_ALERTS, fresh=True)
def remove(officer: Officer, rule_id: UUID) -> Response:
    """Remove a rule."""
    return _change(officer, rule_id, "remove", services().alerting.rules.remove)


def window_name(rule: Rule) -> str:
    """Return what the window of a rule is called."""
    return next(WINDOW_WORDS[name] for name, window in WINDOWS.items() if window == rule.window)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else 0


def _change(officer: Officer, rule_id: UUID, what: str, act: Callable[..., None]) -> Response:
    reason = read_form(request).text("reason")
    problem = reason_problem(reason)
    if problem:
        return _change_page(officer, rule_id, what, problem)
    try:
        act(rule_id, officer=officer, reason=reason)
    except UserError as error:
        # Somebody else was quicker: there is nothing to show the words at.
        raise NotFound from error
    return see_other(PAGE)


def _new_page(officer: Officer, problem: Problem | None = None, form: Form = NOTHING_TYPED) -> Response:
    return console_page(
        officer,
        "new_alert_rule.html",
        problems=[problem],
        typed=form.text,
        hunts=WATCHED,
        windows=WINDOW_WORDS,
    )


def _change_page(officer: Officer, rule_id: UUID, what: str, problem: Problem | None = None) -> Response:
    rule = services().alerting.rules.get(rule_id)
    if rule is None:
        raise NotFound
    return console_page(
        officer,
        "change_alert_rule.html",
        problems=[problem],
        rule=rule,
        window=window_name(rule),
        what=what,
    )
