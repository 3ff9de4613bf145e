"""The messages to people: what was sent on which channel, how long it took, and what was given up."""

from collections.abc import Mapping
from functools import partial
from typing import Final
from uuid import UUID

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.notices.values import CHANNELS, STATES, TITLES, MessageFilter, MessageLine
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console import filters
from idp.web.console.filters import UNKNOWN_VALUE
from idp.web.console.guards import requires
from idp.web.console.pages import client_names, console_page
from idp.web.console.paging import Page, current_page
from idp.web.console.problems import reason_problem
from idp.web.shared.forms import read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

PATH: Final = "/console/messages"
_LABELS: Final = {"channel": marked("Channel"), "state": marked("State"), "template": marked("Message")}
_WORDS: Final = {"channel": CHANNELS, "state": STATES, "template": TITLES}


@requires(Permission.SEE_DELIVERIES)
def show(officer: Officer) -> Response:
    """List the messages that the filters choose, latest first."""
    given = filters.typed(_LABELS)
    wanted, problems = filters.read(_filter, given)
    waiting, dead = services().notices.counts()
    page: Page[MessageLine] = (
        current_page(partial(services().notices.page, wanted), PATH, given) if wanted else Page([])
    )
    return console_page(
        officer,
        "messages.html",
        problems=problems,
        given=given,
        chips=filters.chips(given, PATH, _LABELS, _WORDS),
        channels=CHANNELS,
        states=STATES,
        titles=TITLES,
        page=page,
        names=client_names(line.client_id for line in page.lines),
        waiting=waiting,
        dead=dead,
        are_sent=services().notices.are_sent,
        may_retry=officer.may(Permission.RETRY_DELIVERIES),
    )


@requires(Permission.RETRY_DELIVERIES, fresh=True)
def retrying(officer: Officer, notice_id: UUID) -> Response:
    """Ask why a message is to be tried again."""
    return _retry_page(officer, notice_id)


@requires(Permission.RETRY_DELIVERIES, fresh=True)
def retry(officer: Officer, notice_id: UUID) -> Response:
    """Let a message that was given up be tried again."""
    reason = read_form(request).text("reason")
    problem = reason_problem(reason)
    if problem:
        return _retry_page(officer, notice_id, problem)
    with services().database.transaction():
        if not services().notices.retry(notice_id):
            raise NotFound
        services().staff.note_reason(officer, f"messages.retry {notice_id}", reason)
    return see_other(PATH)


def _filter(given: Mapping[str, str]) -> MessageFilter:
    for name, value in given.items():
        if value not in _WORDS[name]:
            raise UserError(UNKNOWN_VALUE, field=name)
    return MessageFilter(**given)


def _retry_page(officer: Officer, notice_id: UUID, problem: Problem | None = None) -> Response:
    line = services().notices.line(notice_id)
    if line is None or line.state != "dead":
        raise NotFound
    return console_page(
        officer,
        "retry_message.html",
        problems=[problem],
        line=line,
        title=TITLES.get(line.template, line.template),
    )
