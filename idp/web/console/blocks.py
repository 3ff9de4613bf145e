"""The block list: what is blocked and allowed, adding an entry and lifting one, each with a reason."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final
from uuid import UUID

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.blocks.values import ALLOW, BLOCK, DEVICE, EFFECTS, KINDS, NETWORK, OPERATOR, STATES, Entry, EntryFilter
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.interventions.blocks import Asked
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console import filters
from idp.web.console.account_forms import TIMES
from idp.web.console.filters import UNKNOWN_VALUE, address
from idp.web.console.guards import requires
from idp.web.console.pages import actor_name, console_page, places_of
from idp.web.console.paging import Page, current_page
from idp.web.console.problems import found_problems, reason_problem
from idp.web.console.requests import PATH as REQUESTS
from idp.web.console.session_filters import found_by
from idp.web.shared.forms import NOTHING_TYPED, Form, read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

PATH: Final = "/console/blocks"
_LABELS: Final = {
    "about": marked("Address, domain or number"),
    "kind": marked("Kind"),
    "effect": marked("Effect"),
    "state": marked("State"),
}
_CHOICES: Final[Mapping[str, Sequence[str]]] = {"kind": KINDS, "effect": EFFECTS, "state": STATES}
_PERSONAL: Final = marked("Write the domain only: an e-mail address does not belong in the address of a page.")
_EFFECT_WORDS: Final = {BLOCK: marked("Block sign-ins"), ALLOW: marked("Allow, whatever blocks it")}
_KIND_WORDS: Final = {
    "network": marked("Address or network"),
    "operator": marked("Operator (AS number)"),
    "device": marked("Device: this browser, for every account"),
    "mail_domain": marked("Domain of new e-mail addresses"),
}


@requires(Permission.CHANGE_BLOCKS)
def show(officer: Officer) -> Response:
    """List the entries, latest first."""
    given = filters.typed(_LABELS)
    wanted, problems = filters.read(_filter, given)
    page: Page[Entry] = current_page(partial(services().blocks.page, wanted), PATH, given) if wanted else Page([])
    return console_page(
        officer,
        "blocks.html",
        problems=problems,
        given=given,
        chips=filters.chips(given, PATH, _LABELS, {}, named=_CHOICES),
        choices=_CHOICES,
        is_over=given.get("state") == "over",
        entries=page.lines,
        page=page,
        places=places_of(one.value for one in page.lines if one.kind == NETWORK),
        sessions={one.id: _sessions_of(one) for one in page.lines},
        actors={actor: actor_name(actor) for one in page.lines for actor in (one.actor, one.ended_by) if actor},
    )


@requires(Permission.CHANGE_BLOCKS, fresh=True)
def new(officer: Officer) -> Response:
    """Ask what is to be listed; other pages fill in what they speak of."""
    return _new_page(officer, kind=request.args.get("kind", ""), value=request.args.get("value", ""))


@requires(Permission.CHANGE_BLOCKS, fresh=True)
def add(officer: Officer) -> Response:
    """Put an entry into force, or before a second officer."""
    form = read_form(request)
    hours, reason = form.text("hours"), form.text("reason")
    problems = found_problems(reason_problem(reason))
    changes = services().block_changes
    try:
        draft = changes.draft(
            form.text("effect"), form.text("kind"), form.text("value"), int(hours) if hours in TIMES else 0
        )
        if not problems:
            made = changes.add(draft, officer, reason, services().changes)
            return see_other(f"{REQUESTS}/{made.request_id}" if isinstance(made, Asked) else PATH)
    except UserError as error:
        problems.insert(0, Problem.of(error))
    return _new_page(officer, problems, form, kind=form.text("kind"), value=form.text("value"))


@requires(Permission.CHANGE_BLOCKS, fresh=True)
def lifting(officer: Officer, entry_id: UUID) -> Response:
    """Ask why an entry is to go."""
    return _lift_page(officer, entry_id)


@requires(Permission.CHANGE_BLOCKS, fresh=True)
def lift(officer: Officer, entry_id: UUID) -> Response:
    """Take an entry out of force."""
    reason = read_form(request).text("reason")
    problems = found_problems(reason_problem(reason))
    if not problems:
        try:
            services().block_changes.lift(entry_id, officer, reason)
        except UserError as error:
            # Somebody else was quicker: there is nothing to show the words at.
            raise NotFound from error
    return _lift_page(officer, entry_id, problems) if problems else see_other(PATH)


def block_link(officer: Officer, value: object, kind: str = NETWORK) -> str | None:
    """Return where this officer may block a network or a device; None for others, and where there is nothing."""
    if value is None or not officer.may(Permission.CHANGE_BLOCKS):
        return None
    return address(f"{PATH}/new", {"kind": kind, "value": str(value)})


def _filter(given: Mapping[str, str]) -> EntryFilter:
    """Return the filter that was typed. Raises UserError that names its field."""
    for name, values in _CHOICES.items():
        if name in given and given[name] not in values:
            raise UserError(UNKNOWN_VALUE, field=name)
    if "@" in given.get("about", ""):
        raise UserError(_PERSONAL, field="about")
    ids = services().blocks.about(given["about"]) if "about" in given else None
    return EntryFilter(given.get("state", STATES[0]), given.get("kind"), given.get("effect"), ids)


def _sessions_of(entry: Entry) -> str | None:
    """Return the list of live sessions from where an entry blocks sign-ins: they go on until somebody ends them. None
    for a network by which no session is found.
    """
    if entry.effect != BLOCK or entry.kind not in {NETWORK, OPERATOR, DEVICE}:
        return None
    value = entry.value if entry.kind != NETWORK else found_by(entry.value)
    return None if value is None else address("/console/sessions", {entry.kind: value})


def _new_page(
    officer: Officer, problems: Sequence[Problem] = (), form: Form = NOTHING_TYPED, *, kind: str, value: str
) -> Response:
    return console_page(
        officer,
        "new_block.html",
        problems=problems,
        typed=form.text,
        kind=kind if kind in KINDS else NETWORK,
        value=value,
        effects=_EFFECT_WORDS,
        kinds=_KIND_WORDS,
        times=TIMES,
    )


def _lift_page(officer: Officer, entry_id: UUID, problems: Sequence[Problem] = ()) -> Response:
    entry = services().blocks.get(entry_id)
    if entry is None or not entry.holds(services().clock.now()):
        raise NotFound
    return console_page(
        officer, "lift_block.html", problems=problems, entry=entry, actors={entry.actor: actor_name(entry.actor)}
    )
