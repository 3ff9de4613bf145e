"""How far the record can be proven, and what is given out for others to verify: the newest checkpoint, a period, the
proof of one event (rules A5, A6). ``idp audit`` does the same by the same functions.

Who verifies needs the personal values too, so that copies are for auditors alone, with a reason, and are events.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson
from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.audit.export import Span, span_between, span_lines
from idp.audit.leaf import canonical
from idp.audit.proofs import NotProvable
from idp.audit.proofs import prove as prove_event
from idp.audit.standing import Standing, standing_of
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.keyring.signers import is_ed25519_signature
from idp.staff.events import ProofGiven, RecordExported
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console.event_filters import moment
from idp.web.console.guards import requires
from idp.web.console.pages import console_page
from idp.web.console.problems import found_problems, reason_problem
from idp.web.shared.forms import Form, read_form
from idp.web.shared.locale import say
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

PATH: Final = "/console/integrity"
_MOST_BYTES: Final = 512 * 1024 * 1024
_LARGE: Final = marked(
    "A copy of this period would have about %(size)s MB, more than %(most)s. Choose a shorter one, or let whoever runs"
    " the service take it: idp audit export --sealed."
)
_NO_EVENTS: Final = marked("No checkpoint is over any event of this time.")
_BACKWARDS: Final = marked("The end lies before the beginning.")


@requires(Permission.SEE_INTEGRITY)
def show(officer: Officer) -> Response:
    """Say how far the record can be proven."""
    return console_page(
        officer, "integrity.html", standing=_standing(), may_export=officer.may(Permission.EXPORT_EVENTS)
    )


@requires(Permission.SEE_INTEGRITY)
def checkpoint(officer: Officer) -> Response:  # noqa: ARG001 - everybody may keep it
    """Send the newest checkpoint, to be kept elsewhere."""
    note = _standing().note
    if note is None:
        raise NotFound
    return _attached(str(note), "checkpoint.txt", "text/plain; charset=utf-8")


@requires(Permission.EXPORT_EVENTS, fresh=True)
def exporting(officer: Officer) -> Response:
    """Ask for the period, and why."""
    return _export_page(officer, {})


@requires(Permission.EXPORT_EVENTS, fresh=True)
def export(officer: Officer) -> Response:
    """Send the record of a period, so that it can be verified; the copy is itself an event."""
    form = read_form(request)
    reason = form.text("reason")
    problems = found_problems(reason_problem(reason))
    try:
        since, until = _period(form)
        span = _span(since, until)
    except UserError as error:
        problems.append(Problem.of(error))
    if problems:
        return _export_page(officer, {name: form.text(name) for name in ("since", "until", "reason")}, problems)
    services().audit.record(
        RecordExported(
            actor=officer.actor,
            reason=reason,
            since=since.isoformat(),
            until=until.isoformat(),
            first_leaf=span.first,
            size=span.size,
        )
    )
    return _attached(_lines(span), "record.jsonl", "application/jsonl; charset=utf-8")


@requires(Permission.EXPORT_EVENTS, fresh=True)
def proving(officer: Officer, event_id: UUID) -> Response:
    """Ask why the proof of an event is wanted."""
    return _prove_page(officer, event_id)


@requires(Permission.EXPORT_EVENTS, fresh=True)
def prove(officer: Officer, event_id: UUID) -> Response:
    """Send the proof that an event is in the record; that it was given out is an event."""
    reason = read_form(request).text("reason")
    problem = reason_problem(reason)
    if problem is not None:
        return _prove_page(officer, event_id, problem)
    try:
        proof = prove_event(services().database, services().audit.details, event_id)
    except NotProvable as error:
        return _prove_page(officer, event_id, Problem(say(error.args[0])))
    services().audit.record(ProofGiven(actor=officer.actor, reason=reason, event=str(event_id)))
    text = orjson.dumps(proof, option=orjson.OPT_INDENT_2).decode()
    return _attached(text, f"proof-{event_id}.json", "application/json")


def _standing() -> Standing:
    return standing_of(services().database, is_ed25519_signature, origin=services().sealer.origin)


def _period(form: Form) -> tuple[datetime, datetime]:
    since, until = (moment(form.text(name), name) for name in ("since", "until"))
    if until < since:
        raise UserError(_BACKWARDS, field="until")
    return since, until


def _span(since: datetime, until: datetime) -> Span:
    span = span_between(services().database, since, until)
    if span is None:
        raise UserError(_NO_EVENTS, field="since")
    if span.bytes > _MOST_BYTES:
        megabytes = 1024 * 1024
        raise UserError(_LARGE, field="until", size=span.bytes // megabytes, most=_MOST_BYTES // megabytes)
    return span


def _lines(span: Span) -> Iterator[bytes]:
    # Sent when the request is over, so that nothing of it is asked for then.
    here = services()
    lines = span_lines(here.database, here.audit.details, here.clock.now(), span)
    return (canonical(line) + b"\n" for line in lines)


def _attached(content: str | Iterator[bytes], name: str, media_type: str) -> Response:
    response = Response(content, content_type=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _export_page(officer: Officer, given: dict[str, str], problems: Sequence[Problem] = ()) -> Response:
    return console_page(officer, "export_record.html", problems=problems, given=given)


def _prove_page(officer: Officer, event_id: UUID, problem: Problem | None = None) -> Response:
    record = services().event_search.find(event_id)
    if record is None:
        raise NotFound
    return console_page(
        officer,
        "prove_event.html",
        problems=[problem],
        record=record,
    )
