"""How an access token comes to a resource (RFC 6750 §2, RFC 9449 §7.1), and how a resource says no (RFC 6750 §3)."""

from dataclasses import dataclass, field
from typing import Literal

from idp.foundation.errors import ProtocolError
from idp.protocol.binding.proof import PROOF_ALGORITHMS
from idp.protocol.messages import NO_STORE, Answer, Request, json_answer

Scheme = Literal["Bearer", "DPoP"]
_SCHEMES: dict[str, Scheme] = {"bearer": "Bearer", "dpop": "DPoP"}
_ALGORITHMS = " ".join(PROOF_ALGORITHMS)


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """An access token and the scheme it came under."""

    scheme: Scheme
    text: str = field(repr=False)


def presented_token(request: Request) -> PresentedToken | None:
    """Return the token of the Authorization header, or of the form if there is no such header."""
    scheme, _, text = request.authorization.partition(" ")
    known = _SCHEMES.get(scheme.lower())
    if known is not None and text.strip():
        return PresentedToken(known, text.strip())
    in_form = request.form.get("access_token") if not request.authorization else None
    return None if in_form is None else PresentedToken("Bearer", in_form)


def challenges(realm: str) -> tuple[tuple[str, str], ...]:
    """Return what is asked of a request without a token (RFC 6750 §3, RFC 9449 §7.1)."""
    return (
        ("WWW-Authenticate", f'Bearer realm="{realm}"'),
        ("WWW-Authenticate", f'DPoP realm="{realm}", algs="{_ALGORITHMS}"'),
    )


def refusal(realm: str, error: ProtocolError, scheme: Scheme = "Bearer") -> Answer:
    """Return the answer to a request whose token, or whose proof, will not do."""
    algorithms = f', algs="{_ALGORITHMS}"' if scheme == "DPoP" else ""
    about = f'error="{error.error}", error_description="{error.description}"'
    return json_answer(
        error.http_status,
        {"error": error.error, "error_description": error.description},
        headers=(("WWW-Authenticate", f'{scheme} realm="{realm}", {about}{algorithms}'), *NO_STORE),
    )
