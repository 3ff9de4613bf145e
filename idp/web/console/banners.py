"""Banners: what the sign-in pages announce, planned, showing and over; scheduling, changing and withdrawing one."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.banners.values import ABOUT, OVER, Banner, Draft
from idp.foundation.errors import UserError
from idp.foundation.translation import SHANGHAI
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console.event_filters import moment
from idp.web.console.guards import requires
from idp.web.console.pages import actor_name, console_page
from idp.web.console.paging import Page, current_page
from idp.web.console.problems import found_problems, reason_problem
from idp.web.shared.forms import NOTHING_TYPED, Form, read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

PATH: Final = "/console/banners"
_MOST_DIGITS: Final = 9
_SOON: Final = timedelta(hours=1)
_AS_TYPED: Final = "%Y-%m-%dT%H:%M"


@requires(Permission.CHANGE_BANNERS)
def show(officer: Officer) -> Response:
    """List the banners, latest first."""
    page: Page[Banner] = current_page(services().banners.page, PATH, {})
    now = services().clock.now()
    return console_page(
        officer,
        "banners.html",
        banners=page.lines,
        states={one.id: one.state(now) for one in page.lines},
        about=ABOUT,
        page=page,
        actors={one.actor: actor_name(one.actor) for one in page.lines},
    )


@requires(Permission.CHANGE_BANNERS, fresh=True)
def new(officer: Officer) -> Response:
    """Ask what is to be announced, and when."""
    return _edit_page(officer)


@requires(Permission.CHANGE_BANNERS, fresh=True)
def schedule(officer: Officer) -> Response:
    """Announce something."""
    form = read_form(request)
    problems = _wrong_with(form) or _tried(
        form,
        lambda: services().banners.schedule(_draft(form), actor=officer.actor, reason=form.text("reason")),
    )
    return _edit_page(officer, problems, form) if problems else see_other(PATH)


@requires(Permission.CHANGE_BANNERS, fresh=True)
def changing(officer: Officer, banner_id: UUID) -> Response:
    """Ask what is to be announced instead."""
    return _edit_page(officer, banner=_known(banner_id))


@requires(Permission.CHANGE_BANNERS, fresh=True)
def change(officer: Officer, banner_id: UUID) -> Response:
    """Announce something else, or at another time."""
    form, banner = read_form(request), _known(banner_id)
    problems = _wrong_with(form) or _tried(
        form,
        lambda: services().banners.change(
            banner_id, _revision(form), _draft(form), actor=officer.actor, reason=form.text("reason")
        ),
    )
    return _edit_page(officer, problems, form, banner) if problems else see_other(PATH)


@requires(Permission.CHANGE_BANNERS, fresh=True)
def withdrawing(officer: Officer, banner_id: UUID) -> Response:
    """Ask why a banner is to go."""
    return _withdraw_page(officer, _known(banner_id))


@requires(Permission.CHANGE_BANNERS, fresh=True)
def withdraw(officer: Officer, banner_id: UUID) -> Response:
    """Take a banner away at once."""
    form, banner = read_form(request), _known(banner_id)
    problems = _tried(
        form,
        lambda: services().banners.withdraw(
            banner_id, _revision(form), actor=officer.actor, reason=form.text("reason")
        ),
    )
    return _withdraw_page(officer, banner, problems) if problems else see_other(PATH)


def _tried(form: Form, act: Callable[[], object]) -> list[Problem]:
    """Do something with a reason; return what was wrong with what was typed."""
    problems = found_problems(reason_problem(form.text("reason")))
    if not problems:
        try:
            act()
        except UserError as error:
            problems = [Problem.of(error)]
    return problems


def _wrong_with(form: Form) -> list[Problem]:
    """Return all that is wrong with an announcement at once: who corrects one thing is not told of the next."""
    now, times, bad_times = services().clock.now(), {}, []
    for name in ("starts", "ends"):
        try:
            times[name] = moment(form.text(name), name)
        except UserError as error:
            bad_times.append(Problem.of(error))
    starts = times.get("starts", now)
    # Where the end cannot be read, that is said, and no more about it.
    ends = times.get("ends", max(starts, now) + _SOON)
    draft = Draft(form.text("text_zh"), form.text("text_en"), form.text("about"), starts, ends)
    wrong = [Problem.of(error) for error in services().banners.problems_of(draft)]
    return [*wrong, *bad_times, *found_problems(reason_problem(form.text("reason")))]


def _draft(form: Form) -> Draft:
    """Return what was typed. Raises UserError."""
    return Draft(
        form.text("text_zh"),
        form.text("text_en"),
        form.text("about"),
        moment(form.text("starts"), "starts"),
        moment(form.text("ends"), "ends"),
    )


def _revision(form: Form) -> int:
    """Return which revision the form showed; none that there is for what no form of ours sends."""
    text = form.text("revision", _MOST_DIGITS)
    return int(text) if text.isascii() and text.isdigit() else 0


def _known(banner_id: UUID) -> Banner:
    banner = services().banners.get(banner_id)
    if banner is None or banner.state(services().clock.now()) == OVER:
        raise NotFound
    return banner


def _edit_page(
    officer: Officer,
    problems: Sequence[Problem] = (),
    form: Form = NOTHING_TYPED,
    banner: Banner | None = None,
) -> Response:
    typed = {name: form.text(name) for name in ("text_zh", "text_en", "about", "starts", "ends", "reason")}
    if form is NOTHING_TYPED and banner is not None:
        typed |= {"text_zh": banner.text_zh, "text_en": banner.text_en, "about": banner.about}
        typed |= {"starts": _as_typed(banner.starts_at), "ends": _as_typed(banner.ends_at)}
    return console_page(officer, "edit_banner.html", problems=problems, typed=typed, banner=banner, about=ABOUT)


def _withdraw_page(officer: Officer, banner: Banner, problems: Sequence[Problem] = ()) -> Response:
    return console_page(officer, "withdraw_banner.html", problems=problems, banner=banner, about=ABOUT)


def _as_typed(at: datetime) -> str:
    """Return a time as its field takes it: of Shanghai."""
    return at.astimezone(SHANGHAI).strftime(_AS_TYPED)
