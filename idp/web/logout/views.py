"""The logout page: which services are still signed in, end all of them or only this one, and what each has answered.

A client's wish travels here sealed and bound to the pre-session, so that nobody can send a person to a page of their
choosing.
"""

from datetime import timedelta

import orjson
from flask import request
from werkzeug.wrappers import Response

from idp.foundation.digests import sha256
from idp.foundation.outbox import Delivery
from idp.keyring.errors import SealBroken
from idp.protocol.logout.end_session import LogoutRequest
from idp.registry.client import Client
from idp.sessions.values import Selector, Session
from idp.web.logout.frames import frames_for
from idp.web.shared import cookies
from idp.web.shared.csrf import check_csrf
from idp.web.shared.developers import for_developers
from idp.web.shared.guards import public
from idp.web.shared.journeys import current_session, form_targets, see_other, slip_of
from idp.web.shared.locale import current_locale
from idp.web.shared.pages import render
from idp.web.shared.services import services
from idp.web.shared.state import shared

_PARAMETER = "l"
_PURPOSE = "logout"
_LIFETIME = timedelta(minutes=10)
_STATES = {"delivered": "done", "waiting": "telling", "retrying": "retrying", "dead": "local"}


def ask_path(asked: LogoutRequest) -> str:
    """Return the address of the page that asks, for this browser."""
    data = orjson.dumps([asked.client.client_id if asked.client else None, asked.return_uri])
    context = sha256(cookies.ensure_presession())
    return f"/logout?{_PARAMETER}={services().keyring.seal(_PURPOSE, data, context=context, lifetime=_LIFETIME)}"


@public
def logout() -> Response:
    """Ask (GET), or do as the person says (POST)."""
    if request.method == "POST" and not cookies.session_cookie() and not cookies.presession_cookie():
        # Of another site: the browser has held our cookies back, and would take their removal from the answer. It sends
        # them when it comes back by GET.
        return see_other(request.full_path.rstrip("?"))
    session = current_session()
    client, return_uri = _asked()
    if request.method == "GET":
        return _confirmation(session, client) if session else sign_out(None, client, None)
    if session is None:
        return sign_out(None, client, return_uri)
    check_csrf()
    if request.form.get("answer") == "this" and client is not None:
        return _leave_one(session, client, return_uri)
    return sign_out(session, client, return_uri)


def sign_out(session: Session | None, client: Client | None, return_uri: str | None, *, problem: str = "") -> Response:
    """End the browser's session. The departments' messages commit with it, before anybody is redirected.

    ``problem`` is for the client's developer, and is shown outside production only.
    """
    told: list[Delivery] = []
    frames: list[str] = []
    if session is not None:
        ended = services().sessions.terminate(
            Selector(session_id=session.id), reason="logout", actor=f"account:{session.account_id}"
        )
        told = services().outbox.deliveries(ended.session_ids)
        frames = frames_for(ended.sites)
    cookies.forget_session()
    cookies.forget_presession()
    if return_uri is not None and not frames:
        return see_other(return_uri)
    return render(
        "logout/done.html",
        service=slip_of(client),
        deliveries=_lines(told),
        return_url=return_uri or (client.client_uri if client else None),
        frames=frames,
        goes_on=return_uri is not None,
        detail=for_developers(problem),
    )


def _leave_one(session: Session, client: Client, return_uri: str | None) -> Response:
    frames = frames_for(services().sessions.leave(session, client.client_id).sites)
    if return_uri is not None and not frames:
        return see_other(return_uri)
    told = [line for line in services().outbox.deliveries([session.id]) if line.lane == client.client_id]
    return render(
        "logout/done.html",
        service=slip_of(client),
        deliveries=_lines(told[-1:]),
        return_url=return_uri or client.client_uri,
        frames=frames,
        goes_on=return_uri is not None,
    )


def _confirmation(session: Session, client: Client | None) -> Response:
    account = services().accounts.get(session.account_id)
    sites = services().sessions.sites(session)
    known = [(services().registry.get(site.client_id), site.created_at) for site in sites]
    locale = current_locale()
    return render(
        "logout/confirm.html",
        service=slip_of(client),
        form_targets=form_targets(client) + tuple(client.post_logout_redirect_uris if client else ()),
        person=account.masked_name if account else "",
        services=[{"name": site.name_in(locale), "since": since} for site, since in known if site is not None],
        only_this=client is not None and any(site.client_id == client.client_id for site in sites) and len(sites) > 1,
        stay_url=client.client_uri if client and client.client_uri else shared().surface.home,
    )


def _lines(told: list[Delivery]) -> list[dict[str, str]]:
    locale = current_locale()
    clients = [(services().registry.get(line.lane), line.state) for line in told]
    return [
        {"name": client.name_in(locale), "state": _STATES[state]} for client, state in clients if client is not None
    ]


def _asked() -> tuple[Client | None, str | None]:
    presession = cookies.presession_cookie()
    sealed = request.args.get(_PARAMETER)
    if not sealed or presession is None:
        return None, None
    try:
        client_id, return_uri = orjson.loads(services().keyring.unseal(_PURPOSE, sealed, context=sha256(presession)))
    except SealBroken:
        return None, None
    return (services().registry.get(client_id) if client_id else None), return_uri
