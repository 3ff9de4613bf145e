"""Ways to sign in: password, passkeys, authenticator apps and recovery codes of the account; removing one."""

from typing import Any, Final
from uuid import UUID

from flask import request
from werkzeug.wrappers import Response

from idp.enrolment.values import Changed, Methods, StepUpNeeded
from idp.factors.values import AuthenticatorView
from idp.foundation.translation import marked
from idp.sessions.values import Session
from idp.web.my_account.notices import done, notice, step_up
from idp.web.shared.forms import read_form
from idp.web.shared.guards import signed_in
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import gettext
from idp.web.shared.pages import render
from idp.web.shared.services import services

PATH = "/account/methods"
_NAMES: Final = {"passkey": marked("Passkey"), "totp": marked("Authenticator app")}
_REMOVED: Final = {"passkey": "passkey-removed", "totp": "app-removed"}


@signed_in
def show(session: Session) -> Response:
    """List the ways to sign in."""
    methods = services().enrolment.methods(session)
    recovery = methods.recovery_codes
    return render(
        "my_account/methods.html",
        notice=notice(),
        password=_password(methods),
        passkeys=[_item(view) for view in methods.passkeys],
        can_remove_passkey=methods.can_remove_passkey,
        authenticators=[_item(view) for view in methods.apps],
        can_remove=methods.can_remove_app,
        recovery={"left": recovery.codes_left, "created_at": recovery.created_at} if recovery else None,
    )


@signed_in
def remove(session: Session) -> Response:
    """Ask whether an app or passkey shall really go, or let it go."""
    form = read_form(request)
    methods = services().enrolment.methods(session)
    view = _view_of(methods, form.text("remove"))
    if view is None or form.text("answer") == "keep":
        return see_other(PATH)
    if form.text("answer") != "remove":
        is_last = methods.is_last(view)
        return render(
            "my_account/remove_method.html",
            item=_item(view),
            kind=view.kind,
            is_last=is_last,
            ends_codes=is_last and methods.recovery_codes is not None,
        )
    outcome = services().enrolment.remove(session, view.id)
    if isinstance(outcome, StepUpNeeded):
        return step_up(outcome)
    return done(PATH, _REMOVED[view.kind]) if isinstance(outcome, Changed) else see_other(PATH)


def _password(methods: Methods) -> dict[str, Any] | None:
    view = methods.password
    return None if view is None else {"changed_at": view.created_at, "last_used_at": view.last_used_at}


def _item(view: AuthenticatorView) -> dict[str, Any]:
    return {
        "id": str(view.id),
        "label": view.label or gettext(_NAMES[view.kind]),
        "is_named": bool(view.label),
        "is_backed_up": view.is_backed_up,
        "created_at": view.created_at,
        "last_used_at": view.last_used_at,
    }


def _view_of(methods: Methods, text: str) -> AuthenticatorView | None:
    try:
        wanted = UUID(text)
    except ValueError:
        return None
    return next((view for view in (*methods.passkeys, *methods.apps) if view.id == wanted), None)
