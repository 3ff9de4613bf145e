"""What happens here, as receivers are told it: CAEP session-revoked, credential-change, assurance-level-change and
token-claims-change, RISC account events.

It listens to the one ``terminate`` path and to the audit record, in their transactions. An account is named by the
pairwise ``sub`` of the receiver's sector, and only where it has one: who has never been to a department is never
spoken of to it (rule P6).
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from idp.accounts.events import AccountClosed, AccountLocked, AccountUnlocked, ContactsChanged, RequirementPlaced
from idp.accounts.requirements import RESET_CREDENTIAL
from idp.audit.events import Event
from idp.factors.assurance import VerifiedFactor, acr_of
from idp.factors.events import AuthenticatorAdded, AuthenticatorRemoved, PasswordSet
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.foundation.outbox import Outbox
from idp.foundation.settings import Settings
from idp.registry.client import Client
from idp.registry.service import Registry
from idp.sessions.events import SessionRaised
from idp.sessions.grants import sector_of
from idp.sessions.values import EndedSite, Ending
from idp.signals.ssf.store import StreamStore
from idp.signals.ssf.values import (
    ACCOUNT_DISABLED,
    ACCOUNT_ENABLED,
    ACCOUNT_PURGED,
    ASSURANCE_LEVEL_CHANGE,
    CREDENTIAL_CHANGE,
    CREDENTIAL_CHANGE_REQUIRED,
    SESSION_REVOKED,
    TOKEN_CLAIMS_CHANGE,
    SecurityEvent,
    Stream,
    known_subject,
)
from idp.signals.ssf.writing import EventWriter

# A session that goes on elsewhere, or ended by its own time, was not revoked.
_NOT_REVOKED: Final = frozenset({"organization_changed", "expired"})
# Somebody else signed in on the same browser: whoever sat there did it.
_REPLACED: Final = "replaced"
# The words of CAEP 1.0 §3.3.1. A passkey that somebody vouches for is a security key here, any other one lives on the
# person's own device; there is no word for recovery codes, and the list is open.
_CREDENTIALS: Final = {
    "password": "password",
    "totp": "app",
    "passkey": "fido2-platform",
    "attested_passkey": "fido2-roaming",
    "recovery_code": "recovery-code",
}
_RISC_REASONS: Final = frozenset({"hijacking", "bulk-account"})
_INITIATORS: Final = {"account": "admin", "command": "admin", "client": "policy", "system": "system"}

Body = dict[str, Any]


class Announcer:
    """Turns what was ended and recorded into events of the streams that want them."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        entropy: Entropy,
        *,
        outbox: Outbox,
        registry: Registry,
    ) -> None:
        self._issuer = settings.issuer
        self._clock = clock
        self._registry = registry
        self._store = StreamStore(database)
        self._writer = EventWriter(database, clock, entropy, outbox)

    def sessions_ended(self, ending: Ending) -> None:
        """Announce ended sessions: one event for an account that is out everywhere, else one for each site's part."""
        if ending.reason in _NOT_REVOKED:
            return
        about = {ending.whole_account} if ending.whole_account else {site.account_id for site in ending.sites}
        is_own = ending.reason == _REPLACED or {_named(account) for account in about} == {ending.actor}
        body = self._caep(ending.actor, ending.reason, is_own=is_own)
        if ending.whole_account is not None:
            self._announce(ending.whole_account, SESSION_REVOKED, body)
        elif ending.sites:
            self._announce_sites(ending.sites, SESSION_REVOKED, body)

    def recorded(self, event: Event) -> None:
        """Announce what the audit record just took in, if it is one of the events of CAEP or RISC."""
        if isinstance(event, SessionRaised):
            self._session_raised(event)
        describe = _DESCRIBED.get(type(event))
        if describe is None or event.account_id is None:
            return
        described = describe(event)
        if described is None:
            return
        kind, body = described
        if kind == CREDENTIAL_CHANGE:
            reason = f"{body['credential_type']}: {body['change_type']}"
            body = self._caep(event.actor, reason, is_own=_is_own(event)) | body
        if kind == TOKEN_CLAIMS_CHANGE:
            # Whoever may know the new values asks at userinfo: none of them leaves here, or waits in the outbox.
            now = int(self._clock.now().timestamp())
            body = self._caep(event.actor, None, is_own=_is_own(event)) | {"claims": {"updated_at": now}}
        self._announce(event.account_id, kind, body)

    def _session_raised(self, event: SessionRaised) -> None:
        """Announce to the sites of a session that it has proved more than before (CAEP 1.0 §3.5)."""
        before, after = (
            _level_of(kinds, self._clock.now())
            for kinds in (event.factors_before, (*event.factors_before, *event.factors))
        )
        if event.session_id is None or before == after:
            return
        change = {
            "namespace": "NIST-AAL",
            "previous_level": before,
            "current_level": after,
            "change_direction": "increase",
        }
        sites = self._store.sites_of(event.session_id)
        if sites:
            self._announce_sites(sites, ASSURANCE_LEVEL_CHANGE, self._caep(event.actor, None, is_own=True) | change)

    def _announce(self, account_id: UUID, kind: str, body: Body) -> None:
        """Write an event about an account to every stream that wants it and knows the account."""
        listeners = self._listening(self._store.hearing_of(account_id), kind)
        if not listeners:
            return
        subs = self._store.subs(account_id, [sector_of(client) for _, client in listeners])
        self._writer.write(
            [
                (stream, SecurityEvent(kind, known_subject(self._issuer, sub), body))
                for stream, client in listeners
                if (sub := subs.get(sector_of(client))) is not None
            ]
        )

    def _announce_sites(self, sites: tuple[EndedSite, ...], kind: str, body: Body) -> None:
        """Write an event for each site's part of a session, naming the session as its site knows it (SSF 1.0 §3.2)."""
        listeners = self._listening(self._store.of_clients(sorted({site.client_id for site in sites})), kind)
        if not listeners:
            return
        streams = {stream.client_id: stream for stream, _ in listeners}
        removed = self._store.removed(
            [stream.id for stream in streams.values()], sorted({site.account_id for site in sites})
        )
        self._writer.write(
            [
                (stream, SecurityEvent(kind, self._session_of(site), body))
                for site in sites
                if (stream := streams.get(site.client_id)) is not None and (stream.id, site.account_id) not in removed
            ]
        )

    def _listening(self, streams: list[Stream], kind: str) -> list[tuple[Stream, Client]]:
        now = self._clock.now()
        found = []
        for stream in streams:
            client = self._registry.get(stream.client_id) if kind in stream.events_delivered else None
            if client is not None and client.is_active(now):
                found.append((stream, client))
        return found

    def _session_of(self, site: EndedSite) -> dict[str, Any]:
        return {
            "format": "complex",
            "user": known_subject(self._issuer, site.sub),
            "session": {"format": "opaque", "id": site.sid},
        }

    def _caep(self, actor: str, reason: str | None, *, is_own: bool) -> Body:
        """Return what CAEP events have in common (CAEP 1.0 §2). An officer acts with an account too: who acts on
        somebody else's is an admin.
        """
        body: Body = {
            "event_timestamp": int(self._clock.now().timestamp()),
            "initiating_entity": "user" if is_own else _INITIATORS.get(actor.partition(":")[0], "system"),
        }
        return body if reason is None else body | {"reason_admin": {"en": reason}}


def _named(account_id: UUID | None) -> str:
    """Return an account as the actor of what it does itself."""
    return f"account:{account_id}"


def _is_own(event: Event) -> bool:
    return event.actor == _named(event.account_id)


def _level_of(kinds: Iterable[str], now: datetime) -> str:
    """Return the assurance level that factors of these kinds reach together, as CAEP names it."""
    acr = acr_of([VerifiedFactor(kind, now) for kind in kinds], now)
    return f"nist-{acr.rpartition(':')[2]}"


def _credential(kind: str, change: str) -> tuple[str, Body]:
    return CREDENTIAL_CHANGE, {"credential_type": _CREDENTIALS.get(kind, kind), "change_type": change}


def _required(event: RequirementPlaced) -> tuple[str, Body] | None:
    """Return that a credential has to be changed (RISC 1.0 §2.1); an identity in doubt is told by the claim ``ial``."""
    return (CREDENTIAL_CHANGE_REQUIRED, {}) if event.kind == RESET_CREDENTIAL else None


_DESCRIBED: Mapping[type[Event], Callable[[Any], tuple[str, Body] | None]] = {
    PasswordSet: lambda _event: _credential("password", "update"),
    AuthenticatorAdded: lambda event: _credential(event.kind, "create"),
    AuthenticatorRemoved: lambda event: _credential(event.kind, "delete" if _is_own(event) else "revoke"),
    AccountLocked: lambda event: (ACCOUNT_DISABLED, {"reason": event.reason} if event.reason in _RISC_REASONS else {}),
    AccountUnlocked: lambda _event: (ACCOUNT_ENABLED, {}),
    AccountClosed: lambda _event: (ACCOUNT_PURGED, {}),
    ContactsChanged: lambda _event: (TOKEN_CLAIMS_CHANGE, {}),
    RequirementPlaced: _required,
}
