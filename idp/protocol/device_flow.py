"""The person's side of the device authorization grant (RFC 8628 §3.3 and §5.4, RFC 10027).

Nobody can tell from a code alone whose device shows it. So the code is looked up for signed-in people only, the page
says who asks and from where, and a code that came by a link must be confirmed by its ending, which only the device
shows: a wrong ending refuses the request.
"""

import hmac
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal
from uuid import UUID

from idp.accounts.claims import UNPROVEN
from idp.audit.service import Audit
from idp.consents.service import Consents
from idp.factors.assurance import Decay
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.throttle import Refused
from idp.interactions import Interaction
from idp.keyring.errors import SealBroken
from idp.keyring.service import Keyring
from idp.protocol.artefacts.device_authorization import (
    ALPHABET,
    LENGTH,
    DeviceAuthorizations,
    PendingDevice,
    plain_user_code,
)
from idp.protocol.authorization_request import AuthorizationRequest
from idp.protocol.consent_request import ConsentRequest, consent_request
from idp.protocol.decision import Need, Progress, decide
from idp.protocol.device_limits import DeviceLimits
from idp.protocol.events import DeviceDecided
from idp.protocol.issuing import claims_of_grant, content_of
from idp.protocol.outcomes import IdentityNotProven
from idp.protocol.resources import Resources
from idp.protocol.situation import Situation, Situations
from idp.registry.client import Client
from idp.registry.service import Registry
from idp.sessions.grants import Grants, sector_of
from idp.sessions.values import Session

_PURPOSE = "device"
_TICKET_LIFETIME = timedelta(minutes=10)
_ENDING = LENGTH // 2
_UUID_BYTES = 16
_BY_LINK, _TYPED = b"l", b"t"


@dataclass(frozen=True, slots=True)
class DeviceTicket:
    """The request that a person has found by its code; it travels sealed for their session."""

    request_id: UUID
    user_code: str = field(repr=False)
    came_by_link: bool


@dataclass(frozen=True, slots=True)
class UnknownCode:
    """No waiting request has this code."""


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """What the page asks. ``endings`` are offered when the code came by a link: one of them is the code's."""

    device: PendingDevice
    consent: ConsentRequest
    user_code: str = field(repr=False)
    endings: tuple[str, ...] = field(default=(), repr=False)
    is_ending_missing: bool = False


@dataclass(frozen=True, slots=True)
class StrongerSignInNeeded:
    """The client asks for more than this session has proved, or for a sign-in of just now (``is_fresh``)."""

    acr: str
    is_fresh: bool = False


@dataclass(frozen=True, slots=True)
class NotAdmittedHere:
    """The client does not admit this kind of account."""

    client: Client
    account_kind: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The request is decided: allowed or denied now, or gone because it expired or was decided before."""

    how: Literal["allowed", "denied", "gone"]


_Before = StrongerSignInNeeded | NotAdmittedHere | IdentityNotProven | Closed
DeviceOutcome = DeviceRequest | _Before
_GONE = Closed("gone")


@dataclass(frozen=True, slots=True)
class DeviceFlowParts:
    """What the person's side works with."""

    database: Database
    clock: Clock
    keyring: Keyring
    audit: Audit
    registry: Registry
    devices: DeviceAuthorizations
    limits: DeviceLimits
    resources: Resources
    situations: Situations
    consents: Consents
    grants: Grants
    decay: Decay


class DeviceFlow:
    """Finds, shows and decides requests of devices."""

    def __init__(self, parts: DeviceFlowParts) -> None:
        self._parts = parts

    def look_up(self, session: Session, typed: str, *, came_by_link: bool) -> DeviceTicket | UnknownCode | Refused:
        """Return the request of a code. Each try is charged before it is made; a right one is taken back."""
        charged = self._parts.limits.charge_try(session.account_id)
        if isinstance(charged, Refused):
            return charged
        code = plain_user_code(typed)
        found = self._parts.devices.find(code) if code is not None else None
        if code is None or found is None:
            return UnknownCode()
        self._parts.limits.succeeded(session.account_id)
        return DeviceTicket(found.id, code, came_by_link)

    def seal(self, ticket: DeviceTicket, session: Session) -> str:
        """Return a ticket as it travels in an address; it opens in this session only."""
        data = ticket.request_id.bytes + (_BY_LINK if ticket.came_by_link else _TYPED) + ticket.user_code.encode()
        return self._parts.keyring.seal(_PURPOSE, data, context=session.id.bytes, lifetime=_TICKET_LIFETIME)

    def open(self, sealed: str, session: Session) -> DeviceTicket | None:
        """Return the ticket of an address, None if it is another session's or too old."""
        try:
            data = self._parts.keyring.unseal(_PURPOSE, sealed, context=session.id.bytes)
        except SealBroken:
            return None
        came_by_link = data[_UUID_BYTES : _UUID_BYTES + 1] == _BY_LINK
        return DeviceTicket(UUID(bytes=data[:_UUID_BYTES]), data[_UUID_BYTES + 1 :].decode(), came_by_link)

    def ask(self, ticket: DeviceTicket, cookie: str | None) -> DeviceOutcome:
        """Return what to ask the person, or what stands before it."""
        seen = self._look(ticket, cookie)
        return seen if isinstance(seen, _Before) else seen[0]

    def answer(
        self,
        ticket: DeviceTicket,
        cookie: str | None,
        *,
        is_allowed: bool,
        ticked: frozenset[str],
        displayed: str,
        ending: str,
    ) -> DeviceOutcome:
        """Take the person's answer; returns the request again when what was displayed is not what is asked now."""
        seen = self._look(ticket, cookie)
        if isinstance(seen, _Before):
            return seen
        asked, request, situation, acr = seen
        if not is_allowed:
            return self._deny(asked, situation, "denied")
        if not hmac.compare_digest(displayed.encode(), asked.consent.displayed.encode()):
            return asked
        if asked.endings and not ending:
            return DeviceRequest(asked.device, asked.consent, asked.user_code, asked.endings, is_ending_missing=True)
        if asked.endings and not hmac.compare_digest(ending.encode(), asked.user_code[-_ENDING:].encode()):
            return self._deny(asked, situation, "wrong_ending")
        return self._approve(asked, request, situation, acr, ticked)

    def _look(
        self, ticket: DeviceTicket, cookie: str | None
    ) -> (
        tuple[DeviceRequest, AuthorizationRequest, Situation, str]
        | StrongerSignInNeeded
        | NotAdmittedHere
        | IdentityNotProven
        | Closed
    ):
        device = self._parts.devices.get(ticket.request_id)
        client = self._parts.registry.get(device.client_id) if device is not None else None
        if device is None or client is None or not client.is_active(self._parts.clock.now()):
            return _GONE
        resources = tuple((device.resources or "").split())
        request = AuthorizationRequest(
            {},
            known_client=client,
            scopes=frozenset(device.scope.split()) & client.scope,
            acr_needed=client.min_acr,
            max_age=client.default_max_age,
            resources=resources,
            services=self._parts.resources.of_others(resources),
            details=list(device.authorization_details or ()),
        )
        situation = self._parts.situations.of(cookie, client, sector_of(client))
        verdict = decide(request, situation, Progress(device.id), now=self._parts.clock.now(), decay=self._parts.decay)
        if situation is None or verdict.need is Need.SIGN_IN:
            return StrongerSignInNeeded(client.min_acr, verdict.is_fresh_login_needed)
        if verdict.need is Need.NOT_ADMITTED:
            return NotAdmittedHere(client, situation.session.account_kind)
        if verdict.need is Need.IDENTITY:
            return IdentityNotProven(client, situation.ial or UNPROVEN)
        interaction = Interaction(device.id, device.created_at, client_id=client.client_id)
        consent = consent_request(interaction, request, situation, self._parts.keyring)
        endings = self._endings(ticket) if ticket.came_by_link else ()
        return DeviceRequest(device, consent, ticket.user_code, endings), request, situation, verdict.acr

    def _approve(
        self,
        asked: DeviceRequest,
        request: AuthorizationRequest,
        situation: Situation,
        acr: str,
        ticked: frozenset[str],
    ) -> Closed:
        session, client = situation.session, asked.consent.client
        with self._parts.database.transaction():
            consent = self._parts.consents.grant(session.account_id, client.client_id, asked.consent.decision(ticked))
            grant = self._parts.grants.open(
                session,
                client.client_id,
                sector=sector_of(client),
                interaction_id=asked.device.id,
                is_offline=request.wants_offline,
                claims=claims_of_grant(request, consent.declined),
                authorization_details=request.details,
            )
            if grant is None:
                return _GONE
            if not self._parts.devices.approve(asked.device.id, content_of(request, situation, acr, grant)):
                # It expired between two looks: the grant just made must not stay.
                self._parts.grants.end(grant.id, reason="device_gone", actor="system", client_id=client.client_id)
                return _GONE
            self._note(asked, session, "allowed")
        return Closed("allowed")

    def _deny(self, asked: DeviceRequest, situation: Situation, reason: str) -> Closed:
        session = situation.session
        with self._parts.database.transaction():
            if not self._parts.devices.deny(asked.device.id, session.account_id):
                return _GONE
            self._parts.consents.deny(session.account_id, asked.device.client_id)
            self._note(asked, session, reason)
        return Closed("denied")

    def _note(self, asked: DeviceRequest, session: Session, decision: str) -> None:
        self._parts.audit.record(
            DeviceDecided(
                actor=f"account:{session.account_id}",
                account_id=session.account_id,
                client_id=asked.device.client_id,
                session_id=session.id,
                decision=decision,
            )
        )

    def _endings(self, ticket: DeviceTicket) -> tuple[str, ...]:
        """Return the code's ending and two others, always the same ones for a request, in alphabetical order."""
        digest = self._parts.keyring.index("user_code_endings", ticket.request_id.hex)
        letters = [ALPHABET[byte % len(ALPHABET)] for byte in digest]
        drawn = ("".join(letters[start : start + _ENDING]) for start in range(0, len(letters), _ENDING))
        mine = ticket.user_code[-_ENDING:]
        others = list(dict.fromkeys(ending for ending in drawn if ending != mine))
        return tuple(sorted([mine, *others[:2]]))
