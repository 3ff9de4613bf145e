"""What a former master key is still needed for beside encrypted columns, in words for whoever wants to remove it.

None of it can be brought under another key by us: a password's pepper is renewed when its owner signs in, a refresh
token when the site uses it, and a sealed value is in somebody's browser until it expires.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from idp.audit.searching import EventFilter
from idp.keyring.events import MasterKeyMade
from idp.protocol.artefacts.refresh_age import tokens_older_than

if TYPE_CHECKING:
    from idp.wiring import Services

_SEALED_LAST: Final = timedelta(hours=1)
"""Longer than any sealed value lives, and than a node takes to see a new key."""
_NODES_LATE: Final = timedelta(minutes=1)


def still_needed(services: Services, kid: str) -> list[str]:
    """Return a phrase for each kind of thing that becomes worthless without a former master key."""
    now = services.clock.now()
    # A change that is not on record may have been a moment ago.
    replaced_at = _replaced_at(services, kid) or now
    sealed_until = replaced_at + _SEALED_LAST
    tokens = tokens_older_than(services.database, replaced_at + _NODES_LATE, now)
    passwords = services.factors.passwords_under(kid)
    found = []
    if passwords:
        found.append(f"{passwords} passwords (each until its owner signs in)")
    if tokens.last_until is not None:
        found.append(
            f"{tokens.number} refresh tokens (each until it is used, the last until {tokens.last_until:%F %R} UTC)"
        )
    if sealed_until > now:
        found.append(f"sign-ins under way (until {sealed_until:%F %R} UTC)")
    return found


def _replaced_at(services: Services, kid: str) -> datetime | None:
    made = services.event_search.every(EventFilter(action=MasterKeyMade.action))
    return next((one.occurred_at for one in made if (one.detail.get("before") or {}).get("kid") == kid), None)
