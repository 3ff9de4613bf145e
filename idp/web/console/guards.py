"""Who may call a view of the console: an officer whose power includes the permission, signed in strongly enough
and, for what is dangerous, within the last five minutes (rules A1, A2).
"""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Concatenate, NoReturn, ParamSpec

from flask import request
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from idp.factors.assurance import ACR_AAL2, Decay, acr_of, satisfies
from idp.interventions.break_glass import is_for
from idp.sessions.values import Session
from idp.staff.events import ConsoleRefused
from idp.staff.powers import FRESH_FOR, NEED_PASSKEYS, Permission
from idp.staff.values import Officer
from idp.web.shared.guards import GUARD, to_sign_in
from idp.web.shared.journeys import current_session
from idp.web.shared.services import services

P = ParamSpec("P")
View = Callable[Concatenate[Officer, P], Response]


class PermissionMissing(Forbidden):
    """An officer asked for what their power does not include."""

    def __init__(self, officer: Officer, permission: Permission) -> None:
        super().__init__()
        self.officer = officer
        self.permission = permission


def requires(
    permission: Permission, *, fresh: bool = False, in_emergency: bool = True
) -> Callable[[View[P]], Callable[P, Response]]:
    """Call the view with the officer of this session. ``fresh`` asks for a sign-in of the last five minutes; without
    ``in_emergency`` the permission must come from the officer's own power, not from a broken glass.
    """

    def guard(view: View[P]) -> Callable[P, Response]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
            session = current_session()
            if session is None:
                return to_sign_in()
            officer = _officer_of(session)
            if officer is None or not (officer.may(permission) if in_emergency else officer.holds(permission)):
                _refuse(session, officer, permission)
            needed = acr_needed(officer)
            if not _is_strong(session, needed):
                return to_sign_in(acr_needed=needed)
            if fresh and services().clock.now() - session.auth_time > FRESH_FOR:
                return to_sign_in(acr_needed=needed, fresh_login=True)
            services().sessions.touch(session)
            if officer.in_emergency:
                services().break_glass.note_use(officer, permission, request.method)
            return view(officer, *args, **kwargs)

        setattr(guarded, GUARD, permission.value)
        return guarded

    return guard


def acr_needed(officer: Officer) -> str:
    """Return what an officer's sign-in must be worth."""
    return services().settings.officer_acr if officer.power in NEED_PASSKEYS else ACR_AAL2


def officer_here() -> Officer | None:
    """Return the officer of this session, if the sign-in is strong enough for them."""
    session = current_session()
    officer = None if session is None else _officer_of(session)
    return officer if officer is not None and session is not None and _is_strong(session, acr_needed(officer)) else None


def _officer_of(session: Session) -> Officer | None:
    officer = services().staff.officer(session.account_id)
    if officer is None:
        return None
    glass = services().break_glass.current()
    return replace(officer, glass=glass, in_emergency=is_for(glass, officer, session.id))


def _is_strong(session: Session, needed: str) -> bool:
    now = services().clock.now()
    decay = Decay.of(services().settings)
    return satisfies(acr_of(session.factors, now, last_used_at=session.last_seen_at, decay=decay), needed)


def _refuse(session: Session, officer: Officer | None, permission: Permission) -> NoReturn:
    """Refuse, and leave a trace: somebody with an account looks where they have no business."""
    services().audit.record(
        ConsoleRefused(
            actor=f"account:{session.account_id}",
            account_id=session.account_id,
            session_id=session.id,
            permission=permission.value,
            power=officer.power.value if officer else None,
        )
    )
    raise Forbidden if officer is None else PermissionMissing(officer, permission)
