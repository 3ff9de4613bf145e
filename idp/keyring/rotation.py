"""When keys are made, begin to sign, retire and leave (rule P7, OpenID Connect Core §10.1.1). Pure: facts and a time
in, changes out.

An algorithm always has a key that signs and one that waits, published long before its turn. Its turn is a time in the
database, so that every node switches at the same moment without being told, and what is written later only records what
already holds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

# Long enough for every node to have read the decision before it takes effect.
NOTICE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Policy:
    """How long a key waits published, how long it signs, and how long it stays published afterwards."""

    pending: timedelta
    signing: timedelta
    retained: timedelta


@dataclass(frozen=True, slots=True)
class Key:
    """What is decided upon. ``state`` is as stored; ``state_at`` says what holds."""

    kid: str
    alg: str
    state: str
    published_at: datetime
    activates_at: datetime | None = None
    retired_at: datetime | None = None

    def has_turn(self, now: datetime) -> bool:
        """Whether the moment of this key has come: by our clock, or by that of the node which wrote it as active."""
        if self.activates_at is None:
            return False
        return self.state == "active" or (self.state == "pending" and self.activates_at <= now)

    def is_spent(self, since: datetime) -> bool:
        """Whether this key has signed its last token, by then or, when it was revoked, at any time."""
        return self.state == "revoked" or (
            self.state == "retained" and self.retired_at is not None and self.retired_at <= since
        )


@dataclass(frozen=True, slots=True)
class Make:
    """Publish a new key; it signs from ``activates_at``, None until its turn is decided."""

    alg: str
    activates_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Decide the moment at which a waiting key starts to sign."""

    key: Key
    activates_at: datetime


@dataclass(frozen=True, slots=True)
class Retire:
    """Record that a key stopped signing when its successor started."""

    key: Key
    retired_at: datetime


@dataclass(frozen=True, slots=True)
class Activate:
    """Record that a key signs since its moment."""

    key: Key


@dataclass(frozen=True, slots=True)
class Revoke:
    """Take a key out of the key set; what it signed is refused."""

    key: Key
    reason: str


Recorded = Schedule | Retire | Activate | Revoke
Change = Make | Recorded


def signing_key(keys: Iterable[Key], alg: str, now: datetime) -> Key | None:
    """Return the key that signs for an algorithm: the one whose turn came last."""
    turns = [
        (key.activates_at, key) for key in keys if key.alg == alg and key.has_turn(now) and key.activates_at is not None
    ]
    return max(turns, key=lambda turn: turn[0])[1] if turns else None


def state_at(key: Key, keys: Iterable[Key], now: datetime) -> str:
    """Return the state that holds now, which the stored one follows with the next tick."""
    if not key.has_turn(now):
        return key.state
    return "active" if signing_key(keys, key.alg, now) == key else "retained"


def scheduled_changes(keys: Sequence[Key], algorithms: Iterable[str], now: datetime, policy: Policy) -> list[Change]:
    """Return what is due now, in the order in which it must be written. Nothing is due twice."""
    changes: list[Change] = []
    for alg in algorithms:
        own = [key for key in keys if key.alg == alg]
        changes += _settled(own, alg, now)
        changes += _next_turn(own, alg, now, policy)
    changes += [
        Revoke(key, "retention ended")
        for key in keys
        if key.state == "retained" and key.is_spent(now - policy.retained)
    ]
    return changes


def requested_changes(keys: Sequence[Key], algorithms: Iterable[str], now: datetime, policy: Policy) -> list[Change]:
    """Return how each algorithm gets a new key without a failed verification: as early as the waiting one may."""
    changes: list[Change] = []
    for alg in algorithms:
        own = [key for key in keys if key.alg == alg]
        waiting = _waiting(own, now)
        changes += _settled(own, alg, now)
        if waiting is None:
            changes.append(Make(alg, now + max(policy.pending, NOTICE)))
        elif waiting.activates_at is None:
            changes.append(Schedule(waiting, _earliest_turn(waiting, now, policy)))
    return changes


def emergency_changes(keys: Sequence[Key], algorithms: Iterable[str], now: datetime, reason: str) -> list[Change]:
    """Return how each algorithm leaves its key at once: revoked, the waiting key signing, another one waiting."""
    changes: list[Change] = []
    for alg in algorithms:
        own = [key for key in keys if key.alg == alg]
        present, waiting = signing_key(own, alg, now), _waiting(own, now)
        changes += [change for change in _settled(own, alg, now) if isinstance(change, Retire)]
        if present is not None:
            changes.append(Revoke(present, reason))
        if waiting is None:
            changes.append(Make(alg, now))
        else:
            changes += [Schedule(waiting, now), Activate(waiting)]
        changes.append(Make(alg))
    return changes


def _settled(own: Sequence[Key], alg: str, now: datetime) -> list[Change]:
    """Return the records of turns that have come. Predecessors retire first: never are two written as active."""
    present = signing_key(own, alg, now)
    if present is None or present.activates_at is None:
        return []
    earlier = [key for key in own if key.has_turn(now) and key != present]
    changes: list[Change] = [Retire(key, present.activates_at) for key in earlier]
    return changes if present.state == "active" else [*changes, Activate(present)]


def _next_turn(own: Sequence[Key], alg: str, now: datetime, policy: Policy) -> list[Change]:
    present, waiting = signing_key(own, alg, now), _waiting(own, now)
    if present is None or present.activates_at is None:
        # The first run, or an algorithm that is new to this deployment: nobody has cached a key set that lacks it.
        return [Make(alg, now)] if waiting is not None else [Make(alg, now), Make(alg)]
    if waiting is None:
        return [Make(alg)]
    if waiting.activates_at is None and present.activates_at + policy.signing <= now:
        return [Schedule(waiting, _earliest_turn(waiting, now, policy))]
    return []


def _waiting(own: Iterable[Key], now: datetime) -> Key | None:
    return next((key for key in own if key.state == "pending" and not key.has_turn(now)), None)


def _earliest_turn(key: Key, now: datetime, policy: Policy) -> datetime:
    return max(now + NOTICE, key.published_at + policy.pending)
