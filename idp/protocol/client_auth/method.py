"""The record of a client authentication method (RFC 6749 §2.3)."""

from collections.abc import Callable
from dataclasses import dataclass

from idp.foundation.clock import Clock
from idp.foundation.settings import Settings
from idp.protocol.artefacts.used_jti import UsedJTIs
from idp.protocol.client_auth.client_keys import ClientKeys
from idp.protocol.messages import Request
from idp.registry.client import Client


@dataclass(frozen=True, slots=True)
class ClientAuthContext:
    """What the methods may ask."""

    settings: Settings
    clock: Clock
    used_jtis: UsedJTIs
    keys: ClientKeys


@dataclass(frozen=True, slots=True)
class ClientAuthMethod:
    """A method. ``claimed_id`` returns the client id that a request claims by this method, None if it does not present
    the method; ``verify`` tells whether the proof is that client's, and may say what is wrong, as a ProtocolError, to
    whoever has proven to hold its key.
    """

    name: str
    claimed_id: Callable[[Request], str | None]
    verify: Callable[[Request, Client, ClientAuthContext], bool]
    # The request itself only names the client: what it proves, if anything, is in its TLS connection.
    only_names: bool = False
    is_offered: Callable[[Settings], bool] = lambda _settings: True


def named_id(request: Request) -> str | None:
    """Return the client id of a request that presents nothing else."""
    is_other = bool(request.authorization) or "client_secret" in request.form or "client_assertion" in request.form
    return None if is_other else request.form.get("client_id")
