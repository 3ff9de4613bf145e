"""Where one is signed in; ending one of these sessions, or all others (ASVS 7.5.2)."""

from datetime import timedelta
from typing import Any, Final

from flask import request
from markupsafe import Markup
from werkzeug.wrappers import Response

from idp.sessions.values import Selector, Session, SessionSummary
from idp.web.my_account.device_names import device_name
from idp.web.my_account.notices import done, notice, told
from idp.web.shared.forms import read_form, uuid_of
from idp.web.shared.guards import signed_in
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import current_locale
from idp.web.shared.messages import DEVICE_SIGNED_OUT
from idp.web.shared.pages import render
from idp.web.shared.services import services

PATH: Final = "/account/devices"
_ENDED_PARAMETER: Final = "ended"
_SHOWS_ENDED: Final = timedelta(days=30)
_REASON: Final = "ended_by_owner"
_REMEMBERED: Final = "remembered"


@signed_in
def show(session: Session) -> Response:
    """List the sessions of the account, this one first."""
    live = sorted(_live(session), key=lambda one: one.id != session.id)
    since = services().clock.now() - _SHOWS_ENDED
    sessions = services().sessions.list(account_id=session.account_id, ended_since=since)
    ended = [one for one in sessions if one.ended_at is not None]
    return render(
        "my_account/devices.html",
        notice=notice() or _just_ended(ended),
        devices=[_line(one, is_current=one.id == session.id) for one in live],
        ended=[_ended_line(one) for one in ended],
        remembered=services().devices.remembered(session.account_id),
    )


@signed_in
def end(session: Session) -> Response:
    """End one other session, or all others; a browser that is signed out is asked for the second factor again."""
    wanted = read_form(request).text("device")
    actor = f"account:{session.account_id}"
    if wanted == _REMEMBERED:
        services().devices.forget(session.account_id)
        return done(PATH, "forgotten")
    if wanted == "others":
        services().devices.forget(session.account_id)
        selector = Selector(account_id=session.account_id, other_than=session.id)
        services().sessions.terminate(selector, reason=_REASON, actor=actor)
        return done(PATH, "others")
    chosen = _of_others(session, wanted)
    if chosen is None:
        return see_other(PATH)
    services().devices.forget_browser_of(chosen.id, session.account_id)
    services().sessions.terminate(Selector(session_id=chosen.id), reason=_REASON, actor=actor)
    return see_other(f"{PATH}?{_ENDED_PARAMETER}={chosen.id}")


def _live(session: Session) -> list[SessionSummary]:
    """Return the live sessions, asked for by themselves: those that have ended since hide none of them."""
    return services().sessions.list(account_id=session.account_id)


def _of_others(session: Session, text: str) -> SessionSummary | None:
    """Return the live session of this account with this id; nobody ends another account's."""
    wanted = uuid_of(text)
    return next((one for one in _live(session) if one.id == wanted and one.id != session.id), None)


def _just_ended(ended: list[SessionSummary]) -> Markup | None:
    wanted = uuid_of(request.args.get(_ENDED_PARAMETER, ""))
    found = next((one for one in ended if one.id == wanted), None)
    return None if found is None else told(DEVICE_SIGNED_OUT, device=device_name(found.user_agent).device)


def _line(summary: SessionSummary, *, is_current: bool) -> dict[str, Any]:
    name = device_name(summary.user_agent)
    clients = [services().registry.get(client_id) for client_id in summary.client_ids]
    locale = current_locale()
    return {
        "id": str(summary.id),
        "name": name.device,
        "browser": name.browser,
        "network": summary.network,
        "services": [client.name_in(locale) for client in clients if client is not None],
        "first_seen": summary.created_at,
        "last_seen": summary.last_seen_at,
        "is_current": is_current,
    }


def _ended_line(summary: SessionSummary) -> dict[str, Any]:
    return {"name": device_name(summary.user_agent).device, "place": summary.network, "at": summary.ended_at}
