"""Signed request objects by value (RFC 9101 §5, §6 and §10.8; FAPI 2.0 Message Signing §5.3.1). Only what stands inside
counts.

``registration`` (OpenID Connect Core §7.2.1) is not offered and says so, because ignoring it would change the meaning.
"""

from datetime import datetime, timedelta
from typing import Any

import orjson

from idp.foundation.errors import ProtocolError
from idp.protocol.authorization_request import AuthorizationRequest, CheckContext
from idp.protocol.checks.outside import answer_outside
from idp.protocol.client_auth.client_jwt import (
    CLIENT_ALGORITHMS,
    ClientJWT,
    algorithms_for,
    moment_of_claim,
    read_client_jwt,
)
from idp.protocol.messages import REPEATABLE
from idp.registry.client import Client

REQUEST_OBJECT_ALGORITHMS = CLIENT_ALGORITHMS
_LONGEST = 16_000
_SKEW = timedelta(seconds=10)
_LONGEST_LIFE = timedelta(minutes=60)
_TYPES = frozenset({None, "JWT", "oauth-authz-req+jwt", "application/oauth-authz-req+jwt"})
# Claims of the envelope, which are no parameters of the request.
_ENVELOPE = frozenset({"iss", "aud", "sub", "exp", "nbf", "iat", "jti"})
_NESTING = ("request", "request_uri")


def check_request_object(request: AuthorizationRequest, context: CheckContext) -> None:
    """Put the parameters inside the object in place of those outside; insist on one where the registration does."""
    if request.pushed is not None:
        # Checked when it was pushed.
        return
    _refuse_registration(request, context)
    text = request.get("request")
    if text is None:
        if request.client.require_signed_request_object:
            answer_outside(request, context)
            raise ProtocolError("invalid_request", "This client must sign its authorization requests (RFC 9101).")
        return
    try:
        request.parameters = _opened(text, request, context)
    except ProtocolError:
        answer_outside(request, context)
        raise
    _refuse_registration(request, context)


def _refuse_registration(request: AuthorizationRequest, context: CheckContext) -> None:
    if request.get("registration") is not None:
        answer_outside(request, context)
        raise ProtocolError("registration_not_supported", "The parameter registration is not offered.")


def _opened(text: str, request: AuthorizationRequest, context: CheckContext) -> dict[str, str]:
    client = request.client
    algorithms = algorithms_for(client, client.request_object_signing_alg)
    found = read_client_jwt(text, client, context.client_keys, algorithms) if len(text) <= _LONGEST else None
    if found is None:
        raise _invalid("is not signed by a key and an algorithm of this client")
    problem = _problem_of(found, client, context.settings.issuer, request.opened_at or context.clock.now())
    if problem is not None:
        raise _invalid(problem)
    return _parameters_of(found.claims)


def _problem_of(token: ClientJWT, client: Client, issuer: str, now: datetime) -> str | None:
    claims = token.claims
    audience = claims.get("aud")
    judged = (
        (token.typ in _TYPES, "is a token of another type"),
        (claims.get("client_id") == client.client_id, "is of another client than the client_id beside it"),
        (claims.get("iss", client.client_id) == client.client_id, "was issued by somebody else than the client"),
        # Such a token is a client assertion, which must never pass for a request (RFC 9101 §10.8).
        (claims.get("sub") != client.client_id, "must not name the client as its subject"),
        (issuer in (audience if isinstance(audience, list) else [audience]), "is not made for this provider"),
        (not any(name in claims for name in _NESTING), "must not hold a request or a request_uri"),
    )
    problem = next((words for is_good, words in judged if not is_good), None)
    return problem or _problem_of_times(claims, client, now)


def _problem_of_times(claims: dict[str, Any], client: Client, now: datetime) -> str | None:
    times = {name: moment_of_claim(claims[name]) for name in ("exp", "nbf", "iat") if name in claims}
    if None in times.values():
        return "holds a time that is none"
    expires, begins, issued = times.get("exp"), times.get("nbf"), times.get("iat")
    if expires is not None and expires <= now - _SKEW:
        return "has expired"
    if any(moment is not None and moment > now + _SKEW for moment in (begins, issued)):
        return "is not valid yet"
    return _problem_of_lifetime(expires, begins, now) if client.is_fapi2 else None


def _problem_of_lifetime(expires: datetime | None, begins: datetime | None, now: datetime) -> str | None:
    if expires is None or begins is None:
        return "needs exp and nbf"
    if begins < now - _LONGEST_LIFE - _SKEW or expires > begins + _LONGEST_LIFE:
        return "lives longer than an hour"
    return None


def _parameters_of(claims: dict[str, Any]) -> dict[str, str]:
    parameters = {name: _text_of(name, value) for name, value in claims.items() if name not in _ENVELOPE}
    return {name: value for name, value in parameters.items() if value}


def _text_of(name: str, value: object) -> str:
    """Return a claim in the form that its parameter has outside an object (RFC 9101 §4)."""
    if isinstance(value, str):
        if "\0" in value:
            raise _invalid("holds a NUL character")
        return value
    if name == REPEATABLE and isinstance(value, list) and all(isinstance(one, str) for one in value):
        # Several values are an array here (RFC 8707 §2.1).
        return " ".join(value)
    if isinstance(value, dict | list):
        return _json_of(name, value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise _invalid("holds a parameter that is neither text, number nor object", detail=name)


def _json_of(name: str, value: object) -> str:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        raise _invalid("holds a parameter that is nested too deeply", detail=name) from None


def _invalid(problem: str, detail: str | None = None) -> ProtocolError:
    return ProtocolError("invalid_request_object", f"The request object {problem}.", detail=detail)
