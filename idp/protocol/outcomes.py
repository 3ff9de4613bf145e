"""How an authorization request can end for the moment (RFC 6749 §4.1.2, OpenID Connect Core §3.1.2.5); the web turns
them into answers.
"""

from dataclasses import dataclass, field

from idp.foundation.errors import ProtocolError
from idp.interactions import Interaction
from idp.registry.client import Client


@dataclass(frozen=True, slots=True)
class Responded:
    """The browser goes back to the client with these parameters, in this response mode."""

    redirect_uri: str
    response_mode: str
    parameters: dict[str, str] = field(repr=False)
    client: Client


@dataclass(frozen=True, slots=True)
class SignInNeeded:
    """The person must sign in, or prove more."""

    interaction: Interaction


@dataclass(frozen=True, slots=True)
class AccountChoiceNeeded:
    """The person must say whether to go on with the account at hand (OpenID Connect Core §3.1.2.1)."""

    interaction: Interaction


@dataclass(frozen=True, slots=True)
class ConsentNeeded:
    """The person must see, and perhaps decide, what the client would learn."""

    interaction: Interaction


@dataclass(frozen=True, slots=True)
class NotAdmitted:
    """The account is of a kind that the client does not admit."""

    interaction: Interaction
    client: Client
    account_kind: str


@dataclass(frozen=True, slots=True)
class IdentityNotProven:
    """The client needs an identity that is proven better than this level."""

    client: Client
    ial: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Nobody can be trusted with an answer: the error is shown on a page of ours (RFC 6749 §4.1.2.1)."""

    error: ProtocolError


Outcome = Responded | SignInNeeded | AccountChoiceNeeded | ConsentNeeded | NotAdmitted | IdentityNotProven | Refused
