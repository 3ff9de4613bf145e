"""The authorization endpoint's engine (RFC 6749 §4.1, OpenID Connect Core §3.1.2): check, look, decide, answer.

A request that must wait for a person becomes an ``Interaction``; at its resume every check runs again (rule S2), and
only then is a code issued. Every answer carries ``iss`` (RFC 9207 §2).
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from idp.accounts.claims import UNPROVEN
from idp.consents.service import Consents
from idp.factors.assurance import Decay
from idp.foundation.database import Database
from idp.foundation.errors import ProtocolError
from idp.interactions import Interaction, Interactions
from idp.protocol.authorization_request import AuthorizationRequest, CheckContext
from idp.protocol.checks import AUTHORIZATION_CHECKS
from idp.protocol.consent_request import ConsentRequest, consent_request
from idp.protocol.decision import STATUTORY, Need, Progress, Verdict, basis_of, decide
from idp.protocol.issuing import CodeIssuer
from idp.protocol.outcomes import (
    AccountChoiceNeeded,
    ConsentNeeded,
    IdentityNotProven,
    NotAdmitted,
    Outcome,
    Refused,
    Responded,
    SignInNeeded,
)
from idp.protocol.refusals import Refusals
from idp.protocol.response_modes import mode_of
from idp.protocol.response_modes.signed import signed_response
from idp.protocol.situation import Situation, Situations
from idp.sessions.grants import sector_of

_PATH: Final = "/authorize"


@dataclass(frozen=True, slots=True)
class AuthorizationParts:
    """What the engine works with."""

    database: Database
    context: CheckContext
    interactions: Interactions
    situations: Situations
    consents: Consents
    issuer: CodeIssuer
    decay: Decay
    refusals: Refusals


class Authorization:
    """Answers authorization requests."""

    def __init__(self, parts: AuthorizationParts) -> None:
        self._parts = parts

    def begin(self, parameters: Mapping[str, str], cookie: str | None) -> Outcome:
        """Answer a new request of the browser with this session cookie."""
        request = AuthorizationRequest(parameters)
        # A session or a consent that ended between looking and issuing is missed by the second look.
        outcome = self._answer(request, cookie, None, Progress()) or self._answer(request, cookie, None, Progress())
        return outcome or self._error(request, ProtocolError("temporarily_unavailable", "Try again shortly."))

    def resume(self, interaction: Interaction, cookie: str | None) -> Outcome:
        """Go on with a request after the person has signed in."""
        request = _resumed(interaction)
        return self._answer(request, cookie, interaction, _progress(interaction)) or self._anew(interaction, cookie)

    def ask_consent(self, interaction: Interaction, cookie: str | None) -> ConsentRequest | Outcome:
        """Return what the consent page of an interaction shows, or what is to be done instead."""
        request = _resumed(interaction)
        outcome = self._answer(request, cookie, interaction, _progress(interaction))
        situation = self._situation(request, cookie)
        if not isinstance(outcome, ConsentNeeded) or situation is None:
            return outcome or self._anew(interaction, cookie)
        return consent_request(interaction, request, situation, self._parts.context.keyring)

    def decide_consent(
        self, interaction: Interaction, cookie: str | None, *, is_allowed: bool, ticked: frozenset[str], displayed: str
    ) -> ConsentRequest | Outcome:
        """Take the person's answer; returns the request again when what was displayed is not what is asked now."""
        if not is_allowed:
            return self._deny(interaction, cookie)
        asked = self.ask_consent(interaction, cookie)
        if not isinstance(asked, ConsentRequest):
            return asked
        if not hmac.compare_digest(displayed.encode(), asked.displayed.encode()):
            return asked
        request = _resumed(interaction)
        with self._parts.database.transaction():
            self._parts.consents.grant(asked.session.account_id, asked.client.client_id, asked.decision(ticked))
            outcome = self._answer(request, cookie, interaction, _progress(interaction, has_consented=True))
        return outcome or self._anew(interaction, cookie)

    def cancel(self, interaction: Interaction) -> Outcome:
        """Send the person back to the client without having signed in."""
        request = _resumed(interaction)
        try:
            self._check(request)
        except ProtocolError as error:
            return self._error(request, error)
        return self._error(request, ProtocolError("access_denied", "The person did not sign in."))

    def _deny(self, interaction: Interaction, cookie: str | None) -> Outcome:
        """Send the person back who did not allow it, even if another tab has allowed it meanwhile."""
        request = _resumed(interaction)
        try:
            self._check(request)
        except ProtocolError as error:
            return self._error(request, error)
        situation = self._situation(request, cookie)
        if situation is not None:
            with self._parts.database.transaction():
                self._parts.consents.deny(situation.session.account_id, request.client.client_id)
        return self._error(request, ProtocolError("access_denied", "The person did not allow it."))

    def _anew(self, interaction: Interaction, cookie: str | None) -> Outcome:
        """Judge a request as one of its own: the form was sent twice, and the first answer used the interaction up."""
        return self.begin(dict(interaction.parameters), cookie)

    def _answer(
        self, request: AuthorizationRequest, cookie: str | None, interaction: Interaction | None, progress: Progress
    ) -> Outcome | None:
        """Return the answer; None when what it rests on ended meanwhile, or this interaction has had its answer."""
        try:
            self._check(request)
            situation = self._situation(request, cookie)
            now = self._parts.context.clock.now()
            verdict = decide(request, situation, progress, now=now, decay=self._parts.decay)
            if verdict.need is not Need.NOTHING or situation is None:
                self._refuse_if_hopeless(request, situation, verdict)
                return self._next_step(request, situation, interaction, verdict)
            issued = self._parts.issuer.issue(request, situation, verdict.acr, interaction)
        except ProtocolError as error:
            return self._error(request, error)
        return None if issued is None else self._respond(request, issued)

    def _check(self, request: AuthorizationRequest) -> None:
        for check in AUTHORIZATION_CHECKS:
            check(request, self._parts.context)

    def _situation(self, request: AuthorizationRequest, cookie: str | None) -> Situation | None:
        if request.known_client is None:
            return None
        return self._parts.situations.of(cookie, request.client, sector_of(request.client))

    def _refuse_if_hopeless(self, request: AuthorizationRequest, situation: Situation | None, verdict: Verdict) -> None:
        """Raise the error that ``prompt=none`` asks for instead of a page (OpenID Connect Core §3.1.2.6)."""
        if verdict.need is Need.OTHER_PERSON:
            raise ProtocolError("login_required", "Somebody else than expected has signed in.")
        if "none" not in request.prompts:
            return
        if verdict.need is Need.SIGN_IN:
            raise ProtocolError("login_required", "The person must sign in.")
        is_first = situation is None or situation.consent is None
        if verdict.need is Need.CONSENT and is_first and basis_of(request) == STATUTORY:
            raise ProtocolError("interaction_required", "The person must be informed first.")
        if verdict.need is Need.CONSENT:
            raise ProtocolError("consent_required", "The person must be asked first.")
        if verdict.need is Need.IDENTITY:
            raise ProtocolError("access_denied", "The person's identity is not proven well enough.")
        raise ProtocolError("access_denied", "This kind of account is not admitted.")

    def _next_step(
        self,
        request: AuthorizationRequest,
        situation: Situation | None,
        interaction: Interaction | None,
        verdict: Verdict,
    ) -> Outcome:
        waiting = self._interaction(request, interaction, verdict)
        if verdict.need is Need.CONSENT:
            return ConsentNeeded(waiting)
        if verdict.need is Need.NOT_ADMITTED and situation is not None:
            return NotAdmitted(waiting, request.client, situation.session.account_kind)
        if verdict.need is Need.IDENTITY and situation is not None:
            return IdentityNotProven(request.client, situation.ial or UNPROVEN)
        return AccountChoiceNeeded(waiting) if verdict.need is Need.SELECT_ACCOUNT else SignInNeeded(waiting)

    def _interaction(self, request: AuthorizationRequest, known: Interaction | None, verdict: Verdict) -> Interaction:
        return Interaction(
            known.id if known else self._parts.interactions.new_id(),
            known.started_at if known else self._parts.context.clock.now(),
            client_id=request.client.client_id,
            parameters=tuple(request.sent.items()),
            acr_needed=request.acr_needed,
            fresh_login=verdict.is_fresh_login_needed,
            login_hint=request.get("login_hint"),
            account_kinds=tuple(sorted(request.client.account_kinds)),
            ui_locales=request.get("ui_locales"),
            account_chosen=known is not None and known.account_chosen,
        )

    def _error(self, request: AuthorizationRequest, error: ProtocolError) -> Outcome:
        if request.redirect_uri is None or request.known_client is None:
            return Refused(error)
        self._parts.refusals.note(request.client.client_id, _PATH, error)
        if request.pushed is not None:
            self._parts.context.pushed.claim(request.pushed, {})
        return self._respond(request, {"error": error.error, "error_description": error.description})

    def _respond(self, request: AuthorizationRequest, parameters: dict[str, str]) -> Outcome:
        state = request.get("state")
        complete = {
            **parameters,
            **({"state": state} if state is not None else {}),
            "iss": self._parts.context.settings.issuer,
        }
        if request.redirect_uri is None:
            raise RuntimeError("a response without a checked redirect URI")
        if mode_of(request.response_mode).is_signed:
            context = self._parts.context
            try:
                complete = signed_response(
                    complete,
                    request.client,
                    issuer=context.settings.issuer,
                    keyring=context.keyring,
                    clock=context.clock,
                    encryptor=context.encryptor,
                )
            except ProtocolError as error:
                # Nothing is sent in the clear to a client that wants it encrypted and has no key for it.
                return Refused(error)
        return Responded(request.redirect_uri, request.response_mode, complete, request.client)


def _resumed(interaction: Interaction) -> AuthorizationRequest:
    """Return the request of an interaction; what could expire was good when the interaction began."""
    return AuthorizationRequest(dict(interaction.parameters), opened_at=interaction.started_at)


def _progress(interaction: Interaction, *, has_consented: bool = False) -> Progress:
    return Progress(interaction.id, has_consented=has_consented, has_chosen_account=interaction.account_chosen)
