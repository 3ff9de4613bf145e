"""What the consent page shows and gets back (OpenID Connect Core §3.1.2.4, NIST 800-63C §4.6.1; rule S2).

The form carries a MAC over the session, the interaction and everything displayed; if any of it has changed, the page is
shown again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from idp.consents.rules import Decision, Remembered
from idp.foundation.digests import b64url
from idp.interactions import Interaction
from idp.keyring.service import Keyring
from idp.protocol.authorization_details import Detail
from idp.protocol.authorization_request import AuthorizationRequest
from idp.protocol.claims import claims_of_scopes
from idp.protocol.decision import basis_of
from idp.protocol.situation import Situation
from idp.registry.client import Client
from idp.sessions.values import Session


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """What a client would learn. ``optional`` claims are boxes that start unticked; ``known`` were allowed before.

    ``services`` are resources of others at which it would act, ``details`` what it would do in particular.
    """

    interaction: Interaction
    client: Client
    session: Session
    basis: str
    scopes: frozenset[str]
    required: frozenset[str]
    optional: frozenset[str]
    known: frozenset[str]
    is_offline: bool
    services: tuple[str, ...]
    details: tuple[Detail, ...]
    purposes: Mapping[str, str]
    displayed: str

    def decision(self, ticked: frozenset[str]) -> Decision:
        """Return what allowing means with these boxes ticked."""
        taken = self.optional & ticked
        places = frozenset(self.services)
        return Decision(
            self.scopes, self.required | taken, self.optional - taken, self.basis, places, self.details, self.purposes
        )


def consent_request(
    interaction: Interaction, request: AuthorizationRequest, situation: Situation, keyring: Keyring
) -> ConsentRequest:
    """Return what to ask now. Under a statute nothing is optional."""
    before: Remembered | None = situation.consent
    basis = basis_of(request)
    # Whatever a request names one by one without calling it essential may be left out by the person.
    voluntary = request.claims.names - request.claims.essential - claims_of_scopes(request.scopes)
    known = before.claims if before is not None and before.basis == basis else frozenset()
    optional = frozenset() if basis == "statutory" else voluntary - known
    required = request.claim_names - optional
    shown = (
        basis,
        sorted(request.scopes),
        sorted(required),
        sorted(optional),
        request.services,
        request.details,
        request.client.version,
    )
    mac = keyring.mac("consent", situation.session.id.bytes, interaction.id.bytes, orjson.dumps(shown))
    return ConsentRequest(
        interaction,
        request.client,
        situation.session,
        basis,
        request.scopes,
        required,
        optional,
        known,
        request.wants_offline,
        request.services,
        tuple(request.details),
        request.purposes,
        b64url(mac.digest),
    )
