"""The nine workloads W1 to W9: what is set up for a virtual user, and what counts as one operation.

A workload whose request never changes says so with `request`, and may then be sent by `wrk` instead of Python.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.bench.errors import BenchError
from tests.bench.load.fapi2 import fapi2_flow
from tests.bench.load.flows import OFFLINE_SCOPE, basic_authorization, code_flow, redeem, token_request
from tests.bench.load.people import Authenticators, Rota
from tests.bench.load.subject import CLIENT_ID, FAPI2_CLIENT_ID, OFFLINE_CLIENT_ID
from tests.bench.load.virtual_user import Script, Tokens, VirtualUser

# Access tokens live 600 seconds; one from the first half of that lasts through any slice.
OLDEST_TOKEN_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Setting:
    """What operations share: who can give codes, and whose turn it is to sign in."""

    authenticators: Authenticators
    rota: Rota


@dataclass(frozen=True, slots=True)
class Workload:
    """`prepare` runs once for each user before a slice, unmeasured; `operate` is one counted operation."""

    name: str
    label: str
    connections: int
    operate: Callable[[VirtualUser, Setting], Script[None]]
    prepare: Callable[[VirtualUser, Setting], Script[None]]
    request: Callable[[VirtualUser], bytes] | None = None
    client_id: str = CLIENT_ID


def nothing(_user: VirtualUser, _setting: Setting) -> Script[None]:
    """Prepare nothing."""
    yield from ()


def signed_in(user: VirtualUser, setting: Setting) -> Script[None]:
    """Prepare a live session, consent and an access token that lasts."""
    tokens = user.tokens.get(user.client_id)
    if tokens is not None and time.perf_counter() - tokens.ready_at < OLDEST_TOKEN_SECONDS:
        return
    yield from code_flow(user, setting.authenticators)


def with_refresh_token(user: VirtualUser, setting: Setting) -> Script[None]:
    """Prepare a refresh token."""
    if user.client_id in user.tokens:
        return
    # OpenID Connect Core section 11: offline access is granted when consent is asked for.
    flow = yield from code_flow(user, setting.authenticators, OFFLINE_SCOPE, {"prompt": "consent"})
    if "refresh_token" not in flow.answer:
        raise BenchError("the server issued no refresh token")


def tokens_of(user: VirtualUser) -> Tokens:
    """Return what preparation must have left."""
    tokens = user.tokens.get(user.client_id)
    if tokens is None:
        raise BenchError("no tokens were prepared")
    return tokens


def discovery_request(user: VirtualUser) -> bytes:
    """W1: the discovery document."""
    return user.build("GET", user.subject.discovery_url)


def jwks_request(user: VirtualUser) -> bytes:
    """W2: the key set."""
    return user.build("GET", user.subject.jwks_url)


def client_credentials_request(user: VirtualUser) -> bytes:
    """W3: a token for the client itself."""
    return token_request(user, {"grant_type": "client_credentials"})


def userinfo_request(user: VirtualUser) -> bytes:
    """W6: claims for an access token."""
    bearer = "Authorization: Bearer " + tokens_of(user).access
    return user.build("GET", user.subject.endpoint("userinfo"), None, [bearer])


def introspection_request(user: VirtualUser) -> bytes:
    """W7: what an access token stands for (RFC 7662)."""
    form = urlencode({"token": tokens_of(user).access})
    return user.build("POST", user.subject.endpoint("introspection"), form, [basic_authorization(user.client_id)])


def constant(
    request: Callable[[VirtualUser], bytes],
    expected: bytes,
) -> Callable[[VirtualUser, Setting], Script[None]]:
    """Return the operation that sends a request that never changes and looks for a piece of the right answer."""

    def operate(user: VirtualUser, _setting: Setting) -> Script[None]:
        response = yield from user.ask(request(user))
        if response.status != 200 or expected not in response.body:
            raise BenchError(f"{response.status}: {response.text()}")

    return operate


def flow_with_live_session(user: VirtualUser, setting: Setting) -> Script[None]:
    """W4: authorize without any page, then token."""
    flow = yield from code_flow(user, setting.authenticators)
    if flow.forms:
        raise BenchError("a form was shown: no live session, or consent was not remembered")


def refresh(user: VirtualUser, _setting: Setting) -> Script[None]:
    """W5: a refresh that must rotate."""
    before = tokens_of(user).refresh
    yield from redeem(user, token_request(user, {"grant_type": "refresh_token", "refresh_token": before or ""}))
    if tokens_of(user).refresh in {None, before}:
        raise BenchError("the refresh token was not rotated")


def full_sign_in(user: VirtualUser, setting: Setting) -> Script[None]:
    """W8: somebody arrives with an empty browser and leaves with tokens."""
    user.change_person(setting.rota.take())
    flow = yield from code_flow(user, setting.authenticators)
    if not flow.forms:
        raise BenchError("no sign-in form was shown")


def signed_in_for_fapi2(user: VirtualUser, setting: Setting) -> Script[None]:
    """Prepare a live session and consent for the client of that profile."""
    if user.client_id not in user.tokens:
        yield from fapi2_flow(user, setting.authenticators)


def fapi2_flow_with_live_session(user: VirtualUser, setting: Setting) -> Script[None]:
    """W9: push, authorize without any page, then token."""
    flow = yield from fapi2_flow(user, setting.authenticators)
    if flow.forms:
        raise BenchError("a form was shown: no live session, or consent was not remembered")


def everyone_rested(_user: VirtualUser, setting: Setting) -> Script[None]:
    """Wait until every visitor can give a code that was never given before."""
    yield from setting.rota.everyone_ready()


MANY, FEW = 32, 8
WORKLOADS = (
    Workload("W1", "discovery", MANY, constant(discovery_request, b'"issuer"'), nothing, discovery_request),
    Workload("W2", "JWKS", MANY, constant(jwks_request, b'"keys"'), nothing, jwks_request),
    Workload(
        "W3",
        "client_credentials",
        MANY,
        constant(client_credentials_request, b'"access_token"'),
        nothing,
        client_credentials_request,
    ),
    Workload("W4", "code flow, live session", MANY, flow_with_live_session, signed_in),
    Workload("W5", "refresh with rotation", MANY, refresh, with_refresh_token, client_id=OFFLINE_CLIENT_ID),
    Workload("W6", "userinfo", MANY, constant(userinfo_request, b'"sub"'), signed_in, userinfo_request),
    Workload("W7", "introspection", MANY, constant(introspection_request, b"true"), signed_in, introspection_request),
    Workload("W8", "full sign-in", FEW, full_sign_in, nothing),
    Workload(
        "W9",
        "FAPI 2.0 flow",
        MANY,
        fapi2_flow_with_live_session,
        signed_in_for_fapi2,
        client_id=FAPI2_CLIENT_ID,
    ),
)


def workload(name: str) -> Workload:
    """Return the workload of that name, in any case. Raises BenchError when there is none."""
    for candidate in WORKLOADS:
        if candidate.name == name.strip().upper():
            return candidate
    raise BenchError(f"there is no workload {name}; there are {', '.join(each.name for each in WORKLOADS)}")
