"""An officer at the command line: signed in by the device authorization grant against this very provider (RFC 8628;
rule O2), with the power, the strength and the freshness that the console asks for.

The machine endpoints are asked in this process, so that no address has to be reachable from here and no certificate
believed; the officer decides in a browser, as for any other device. Who uses the command line is a site like others:
registered from a file, and put into force by two officers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click
import orjson

from idp.commands.deployment import refuse
from idp.factors.assurance import ACR_AAL2, satisfies
from idp.protocol.messages import Request
from idp.registry.members import DEVICE_CODE
from idp.staff.powers import FRESH_FOR, NEED_PASSKEYS, Permission
from idp.staff.values import Officer

if TYPE_CHECKING:
    from idp.wiring import Services

CLIENT_ID: Final = "idp-command-line"
_NOT_REGISTERED: Final = (
    f"the command line is not registered here; apply clients/registrations/command-line.toml, let two officers approve "
    f"{CLIENT_ID} in the console, or do this in the console"
)
_SHORTEST_REASON: Final = 4

reason_option = click.option(
    "--reason", default="", help="Why, for the audit record; in production you are asked for it."
)
"""Goes with ``officer_for``."""

Show = Callable[[str, str], None]


def _show(address: str, user_code: str) -> None:
    click.echo(f"Open {address} in a browser, sign in, and type: {user_code}", err=True)


def needs_officer(services: Services) -> bool:
    """Tell whether commands that give anything away need an officer in this deployment."""
    return services.settings.environment == "production"


def officer_for(
    services: Services,
    permission: Permission,
    reason: str,
    *,
    show: Show = _show,
    pause: Callable[[float], None] = time.sleep,
) -> Officer | None:
    """Sign an officer in who may do this, in production; None elsewhere, where whoever has the server may.

    ``show`` is given the address and the code that the officer takes to a browser.
    """
    if not needs_officer(services):
        return None
    if len(reason.strip()) < _SHORTEST_REASON:
        raise click.UsageError("In production this needs --reason, in words that an auditor understands.")
    claims = _signed_in(services, show, pause)
    account_id = services.session_search.account_of_subject(claims["sub"])
    officer = None if account_id is None else services.staff.officer(account_id)
    if officer is None or not officer.may(permission):
        refuse("your power does not include this")
    needed = services.settings.officer_acr if officer.power in NEED_PASSKEYS else ACR_AAL2
    if not satisfies(claims["acr"], needed):
        refuse(f"this needs a sign-in of the level {needed}; sign out in the browser, sign in with it and try again")
    if services.clock.now() - datetime.fromtimestamp(claims["auth_time"], UTC) > FRESH_FOR:
        refuse("your sign-in is older than five minutes; sign out in the browser and try again")
    return officer


def _signed_in(services: Services, show: Show, pause: Callable[[float], None]) -> dict[str, Any]:
    """Return the claims of the ID token that the officer's sign-in gives. Ends the command without one."""
    codes = _asked(services, "/device_authorization", scope="openid")
    if "user_code" not in codes:
        refuse(_NOT_REGISTERED)
    show(codes["verification_uri"], codes["user_code"])
    interval = codes["interval"]
    while True:
        pause(interval)
        answer = _asked(services, "/token", grant_type=DEVICE_CODE, device_code=codes["device_code"])
        if "id_token" in answer:
            return _verified(services, answer["id_token"])
        if answer["error"] == "slow_down":
            interval += 5
        elif answer["error"] != "authorization_pending":
            refuse(f"nobody signed in: {answer.get('error_description', answer['error'])}")


def _asked(services: Services, path: str, **form: str) -> dict[str, Any]:
    endpoint = services.protocol.endpoint(path)
    if endpoint is None:
        refuse(f"this provider has no {path}")
    request = Request("POST", {"client_id": CLIENT_ID, **form}, path=path)
    answer: dict[str, Any] = orjson.loads(services.protocol.answer(endpoint, request).body)
    return answer


def _verified(services: Services, id_token: str) -> dict[str, Any]:
    claims = services.keyring.verify(id_token, typ="JWT")
    if claims["iss"] != services.settings.issuer or claims["aud"] != CLIENT_ID:
        refuse("the sign-in was for somebody else")
    return claims
