"""What a receiver may do with its stream (SSF 1.0 §8.1): make, read, change, delete it, ask for its status, remove and
add subjects, have it verified. A client has at most one.

Every use case is handed the client that asks; a stream of another client is not there (``None``).
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.foundation.held_lanes import HeldLanes
from idp.foundation.outbound_http import OutboundPolicy
from idp.foundation.outbox import Outbox
from idp.foundation.settings import Settings
from idp.keyring.service import Keyring
from idp.registry.client import Client
from idp.registry.uris import Place
from idp.sessions.grants import sector_of
from idp.signals.ssf import events as audit_events
from idp.signals.ssf.models import PUSH_AUTHORIZATION
from idp.signals.ssf.rules import Unacceptable, Wish, check_supplied, sub_of, wish_of
from idp.signals.ssf.store import StreamStore
from idp.signals.ssf.values import (
    EVENTS,
    INACTIVITY_TIMEOUT_SECONDS,
    POLL_METHOD,
    PUSH_METHOD,
    STATUSES,
    STREAM_UPDATED,
    VERIFICATION,
    VERIFICATION_INTERVAL_SECONDS,
    SecurityEvent,
    Stream,
)
from idp.signals.ssf.writing import EventWriter

POLL_PATH: Final = "/ssf/poll"
_REFERENCE_BYTES = 16
_LONGEST_STATE = 1000
_LONGEST_REASON = 200
_ACTIVITY_GRANULARITY = timedelta(hours=1)


class Streams:
    """The streams of this provider."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        entropy: Entropy,
        *,
        audit: Audit,
        outbox: Outbox,
        keyring: Keyring,
    ) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._audit = audit
        self._keyring = keyring
        self._issuer = settings.issuer
        self._place = Place(is_development=settings.is_development)
        self._outbound = OutboundPolicy.of(settings)
        self._store = StreamStore(database)
        self._lanes = HeldLanes(database, clock)
        self._writer = EventWriter(database, clock, entropy, outbox)

    def create(self, client: Client, body: Mapping[str, Any]) -> Stream | None:
        """Make the client's stream; None if it has one already. Raises Unacceptable."""
        wish = wish_of(body, place=self._place, outbound=self._outbound)
        stream_id, now = self._entropy.uuid7(), self._clock.now()
        values = {
            "id": stream_id,
            "reference": self._entropy.token(_REFERENCE_BYTES),
            "client_id": client.client_id,
            "status": "enabled",
            "created_at": now,
            **self._content(stream_id, wish),
        }
        with self._database.transaction():
            if not self._store.insert(values):
                return None
            created = self._store.of_client(client.client_id)
            self._audit.record(
                audit_events.StreamCreated(
                    actor=f"client:{client.client_id}",
                    client_id=client.client_id,
                    method=wish.method,
                    before=None,
                    after=_settings(created),
                )
            )
            return created

    def find(self, client: Client, reference: str | None = None) -> Stream | None:
        """Return the client's stream, provided that it is the one named, if one is."""
        stream = self._store.of_client(client.client_id)
        return stream if stream is not None and reference in {None, stream.reference} else None

    def change(self, client: Client, body: Mapping[str, Any], *, is_complete: bool) -> Stream | None:
        """Update a stream, or replace what its receiver decides (``is_complete``); None if there is no such stream.

        Raises Unacceptable.
        """
        with self._database.transaction():
            stream = self._locked(client, body.get("stream_id"))
            if stream is None:
                return None
            check_supplied(body, self.configuration(stream))
            wish = wish_of(
                body if is_complete else self._present(stream) | dict(body), place=self._place, outbound=self._outbound
            )
            content = self._content(stream.id, wish)
            if not is_complete and "delivery" not in body:
                content |= {"push_url": stream.push_url, "push_authorization": stream.push_authorization}
            self._store.update(stream.id, **content)
            changed = self._store.by_reference(stream.reference)
            self._settle_lane(stream, changed)
            self._audit.record(
                audit_events.StreamChanged(
                    actor=f"client:{client.client_id}",
                    client_id=client.client_id,
                    method=wish.method,
                    before=_settings(stream),
                    after=_settings(changed),
                )
            )
            return changed

    def delete(self, client: Client, reference: str | None) -> bool:
        """Delete a stream and what waits in it. False if there is none."""
        with self._database.transaction():
            stream = self._locked(client, reference)
            if stream is None:
                return False
            for lane in (stream.lane, stream.status_lane):
                self._lanes.drop(lane)
            self._store.delete(stream.id)
            self._audit.record(
                audit_events.StreamDeleted(
                    actor=f"client:{client.client_id}",
                    client_id=client.client_id,
                    before=_settings(stream),
                    after=None,
                )
            )
            return True

    def set_status(
        self, stream: Stream, status: str, *, actor: str, reason: str | None = None, is_told: bool = True
    ) -> Stream | None:
        """Enable, pause or disable a stream: paused its events wait, disabled they are dropped. None if it is gone.

        The receiver is told of what it did not do itself, unless it does not listen (``is_told``).
        """
        if status not in STATUSES:
            raise Unacceptable(f"status must be one of {', '.join(STATUSES)}.")
        with self._database.transaction():
            present = self._store.by_reference(stream.reference, lock=True)
            if present is None:
                return None
            self._store.update(
                present.id,
                status=status,
                status_reason=reason and reason[:_LONGEST_REASON],
                updated_at=self._clock.now(),
                **({"last_error": None, "last_error_at": None} if status == "enabled" else {}),
            )
            changed = self._store.by_reference(stream.reference)
            self._settle_lane(present, changed)
            is_own = actor == f"client:{present.client_id}"
            if changed is not None and is_told and not is_own and changed.status != present.status:
                self._tell(changed)
            self._audit.record(
                audit_events.StreamStatusChanged(
                    actor=actor,
                    client_id=present.client_id,
                    status=status,
                    reason=reason and reason[:_LONGEST_REASON],
                    before=_settings(present),
                    after=_settings(changed),
                )
            )
            return changed

    def _tell(self, stream: Stream) -> None:
        """Tell a receiver that its stream was changed without its asking (SSF 1.0 §8.1.5)."""
        reason = {} if stream.status_reason is None else {"reason": stream.status_reason}
        subject = {"format": "opaque", "id": stream.reference}
        self._writer.write([(stream, SecurityEvent(STREAM_UPDATED, subject, {"status": stream.status, **reason}))])

    def note_activity(self, stream: Stream) -> None:
        """Note that a receiver polls, or asks something of its stream, at most once an hour (SSF 1.0 §8.1.1)."""
        now = self._clock.now()
        if stream.last_called_at is None or now - stream.last_called_at >= _ACTIVITY_GRANULARITY:
            self._store.update(stream.id, last_called_at=now)

    def pause_idle(self) -> int:
        """Pause the poll streams of receivers that are gone (SSF 1.0 §8.1.1, inactivity_timeout). Returns how many.

        A push stream needs no such limit: it is paused when its receiver does not answer.
        """
        idle = self._store.idle_since(self._clock.now() - timedelta(seconds=INACTIVITY_TIMEOUT_SECONDS))
        for stream in idle:
            self.set_status(stream, "paused", actor="system", reason="nobody polled it")
        return len(idle)

    def disable_forgotten(self) -> int:
        """Disable the streams that have been paused for as long again and whose receiver asks nothing of them: what is
        said of people must not wait for ever (ASVS 14.2.7). Returns how many.
        """
        forgotten = self._store.paused_since(self._clock.now() - timedelta(seconds=INACTIVITY_TIMEOUT_SECONDS))
        return sum(self._disable(stream) for stream in forgotten)

    def _disable(self, stream: Stream) -> bool:
        """Disable a stream unless its receiver has come back since it was read."""
        with self._database.transaction():
            if self._store.by_reference(stream.reference, lock=True) != stream:
                return False
            return self.set_status(stream, "disabled", actor="system", reason="paused for thirty days") is not None

    def set_subject(self, client: Client, stream: Stream, subject: Any, *, is_included: bool) -> None:  # noqa: ANN401
        """Add or remove a subject. One that this receiver does not know is passed over in silence, so that nobody
        learns by asking who is known here (SSF 1.0 §8.1.3, §9.1). Raises Unacceptable.
        """
        sub = sub_of(subject, self._issuer)
        account_id = None if sub is None else self._store.account_of(sector_of(client), sub)
        if account_id is None:
            return
        with self._database.transaction():
            removal = {"stream_id": stream.id, "account_id": account_id, "removed_at": self._clock.now()}
            is_new = (
                self._store.restore_subject(stream.id, account_id)
                if is_included
                else self._store.remove_subject(removal)
            )
            if is_new:
                self._audit.record(
                    audit_events.StreamSubjectChanged(
                        actor=f"client:{client.client_id}",
                        client_id=client.client_id,
                        account_id=account_id,
                        is_included=is_included,
                        before=audit_events.Hears(is_included=not is_included),
                        after=audit_events.Hears(is_included=is_included),
                    )
                )

    def verify(self, stream: Stream, state: Any) -> int:  # noqa: ANN401 - comes from a receiver
        """Send a verification event (SSF 1.0 §8.1.4). Returns 0, or for how many seconds not to ask again. A disabled
        stream carries nothing and keeps nothing, this neither (§8.1.2.1). Raises Unacceptable.
        """
        if state is not None and (not isinstance(state, str) or len(state) > _LONGEST_STATE):
            raise Unacceptable(f"state must be a text of at most {_LONGEST_STATE} characters.")
        now, pause = self._clock.now(), timedelta(seconds=VERIFICATION_INTERVAL_SECONDS)
        with self._database.transaction():
            present = self._store.by_reference(stream.reference, lock=True)
            if present is None:
                return 0
            asked_at = present.verification_asked_at
            if asked_at is not None and now - asked_at < pause:
                return max(1, round((asked_at + pause - now).total_seconds()))
            self._store.update(present.id, verification_asked_at=now)
            body = {} if state is None else {"state": state}
            subject = {"format": "opaque", "id": present.reference}
            if present.status != "disabled":
                self._writer.write([(present, SecurityEvent(VERIFICATION, subject, body))])
        return 0

    def list(self) -> list[tuple[Stream, int]]:
        """Return every stream with the number of its events that wait."""
        return [(stream, self._lanes.count(stream.lane)) for stream in self._store.all()]

    def configuration(self, stream: Stream) -> dict[str, Any]:
        """Return a stream as its receiver sees it. The authorization header is never shown again."""
        delivery = {"method": PUSH_METHOD, "endpoint_url": stream.push_url}
        if stream.method == "poll":
            url = f"{self._issuer}{POLL_PATH}?stream_id={stream.reference}"
            delivery = {"method": POLL_METHOD, "endpoint_url": url}
        return {
            "stream_id": stream.reference,
            "iss": self._issuer,
            "aud": stream.client_id,
            "events_supported": list(EVENTS),
            "events_requested": stream.events_requested,
            "events_delivered": stream.events_delivered,
            "delivery": delivery,
            "min_verification_interval": VERIFICATION_INTERVAL_SECONDS,
            **({"inactivity_timeout": INACTIVITY_TIMEOUT_SECONDS} if stream.method == "poll" else {}),
            **({} if stream.description is None else {"description": stream.description}),
        }

    def _locked(self, client: Client, reference: Any) -> Stream | None:  # noqa: ANN401 - comes from a receiver
        stream = self._store.of_client(client.client_id, lock=True)
        return stream if stream is not None and stream.reference == reference else None

    def _present(self, stream: Stream) -> dict[str, Any]:
        delivery = self.configuration(stream)["delivery"]
        return {
            "events_requested": stream.events_requested,
            "delivery": delivery,
            "description": stream.description,
        }

    def _content(self, stream_id: UUID, wish: Wish) -> dict[str, Any]:
        sealed = None
        if wish.push_authorization is not None:
            sealed = self._keyring.encrypt(PUSH_AUTHORIZATION, stream_id, wish.push_authorization.encode())
        return {
            "events_requested": wish.events_requested,
            "method": wish.method,
            "push_url": wish.push_url,
            "push_authorization": sealed,
            "description": wish.description,
            "updated_at": self._clock.now(),
        }

    def _settle_lane(self, before: Stream, after: Stream | None) -> None:
        """Let what waits follow a change: dropped when disabled, held until the receiver comes, or delivered."""
        if after is None:
            return
        if after.method == "poll":
            self._lanes.hold(after.status_lane)
        elif before.method == "poll":
            self._lanes.release(after.status_lane)
        if after.status == "disabled":
            self._lanes.drop(after.lane)
        elif after.is_held:
            self._lanes.hold(after.lane)
        elif before.is_held or before.status != after.status:
            self._lanes.release(after.lane)


def _settings(stream: Stream | None) -> audit_events.StreamSettings | None:
    """Return what the audit record says of a stream."""
    if stream is None:
        return None
    return audit_events.StreamSettings(
        status=stream.status,
        method=stream.method,
        push_url=stream.push_url,
        has_push_authorization=stream.push_authorization is not None,
        events_requested=tuple(stream.events_requested),
        description=stream.description,
    )
