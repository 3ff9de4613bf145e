"""What workers count of their own accord: decisions as they are recorded, and how full their pools are.

Decisions are counted where the audit record is written, once its transaction has committed, so that a number on a
dashboard and the record never tell different stories. Labels come from fixed sets (rule O4).
"""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from prometheus_client import Counter, Gauge

from idp.blocks.values import KINDS
from idp.wiring import Services

SIGN_INS: Final = Counter(
    "idp_sign_ins", "Sign-ins by outcome, and by the method that was used or refused.", ("outcome", "method")
)
BLOCKED: Final = Counter("idp_blocked", "Sign-ins and e-mail addresses that the block list refused.", ("kind",))
TOKENS: Final = Counter("idp_tokens", "Token requests that were granted, by grant.", ("grant",))
SESSIONS_ENDED: Final = Counter("idp_sessions_ended", "Sessions that were ended before their time.")
REPLAYS: Final = Counter("idp_replays", "Codes and refresh tokens that came a second time.", ("kind",))
HASHING: Final = Gauge("idp_hashing_places", "Password hashing: places taken.", multiprocess_mode="livesum")
HASHING_SECONDS: Final = Gauge("idp_hashing_seconds", "What one hash takes now.", multiprocess_mode="livemax")
HASHING_REFUSED: Final = Counter("idp_hashing_refused", "Sign-ins told to come back, because all places were taken.")
CONNECTIONS: Final = Gauge("idp_database_connections", "Connections in use.", multiprocess_mode="livesum")
CONNECTIONS_MOST: Final = Gauge(
    "idp_database_connections_most", "Connections that may be in use.", multiprocess_mode="livesum"
)
LISTS_READ: Final = Gauge(
    "idp_lists_read_timestamp_seconds",
    "When the oldest lists in memory were looked after.",
    multiprocess_mode="livemin",
)
LOOK_SECONDS: Final = 2.0

_METHODS: Final = ("password", "totp", "passkey", "recovery_code")
_OTHER: Final = "other"
_REFUSED: Final = {
    "sign_in.password_refused": "password",
    "sign_in.passkey_refused": "passkey",
    "sign_in.not_admitted": _OTHER,
}
_GRANTS: Final = {
    "token.issued": "authorization_code",
    "token.refreshed": "refresh_token",
    "token.exchanged": "token_exchange",
}
_REPLAYED: Final = {"token.code_replayed": "code", "token.refresh_replayed": "refresh_token"}


def watch(services: Services) -> None:
    """Count from now on what this process records, and look at its pools every other second."""
    _begin_at_zero()
    services.audit.on_commit(count)
    threading.Thread(target=_look_for_ever, args=(services,), name="pools", daemon=True).start()


def count(rows: Iterable[Mapping[str, Any]]) -> None:
    """Count the events of a transaction that has committed."""
    for row in rows:
        action, detail = row["action"], row["detail"]
        _count_sign_in(action, detail)
        _count_tokens(action, detail)
        if action == "session.ended":
            SESSIONS_ENDED.inc(detail["sessions"])
        elif action == "block.refused":
            BLOCKED.labels(detail["kind"]).inc(detail["count"])


def _count_sign_in(action: str, detail: Mapping[str, Any]) -> None:
    if action == "session.opened":
        for method in detail["factors"]:
            SIGN_INS.labels("succeeded", _method(method)).inc()
    elif action == "sign_in.code_refused":
        SIGN_INS.labels("refused", _method(detail["kind"])).inc()
    elif action in _REFUSED:
        SIGN_INS.labels("refused", _REFUSED[action]).inc()


def _count_tokens(action: str, detail: Mapping[str, Any]) -> None:
    if action in _GRANTS:
        TOKENS.labels(_GRANTS[action]).inc()
    elif action in _REPLAYED:
        REPLAYS.labels(_REPLAYED[action]).inc()
    elif action == "client.calls" and detail["call"] == "client_credentials":
        TOKENS.labels("client_credentials").inc(detail["count"])


def _method(name: str) -> str:
    return name if name in _METHODS else _OTHER


def look(services: Services, refused_before: int) -> int:
    """Note how full the pools are. Returns how many hashes have been refused so far."""
    hashing = services.factors.hashing()
    HASHING.set(hashing.taken)
    HASHING_SECONDS.set(hashing.seconds)
    HASHING_REFUSED.inc(hashing.refused - refused_before)
    used, most = services.database.connections()
    CONNECTIONS.set(used)
    CONNECTIONS_MOST.set(most)
    LISTS_READ.set(services.clock.now().timestamp() - (services.replicas.age() or 0))
    return hashing.refused


def _look_for_ever(services: Services) -> None:
    refused = 0
    while True:
        refused = look(services, refused)
        time.sleep(LOOK_SECONDS)


def _begin_at_zero() -> None:
    """Make every series there can be, so that the first of its kind is seen as a rise."""
    combinations: Sequence[tuple[Counter, tuple[str, ...]]] = (
        *((SIGN_INS, (outcome, method)) for outcome in ("succeeded", "refused") for method in (*_METHODS, _OTHER)),
        *((TOKENS, (grant,)) for grant in (*_GRANTS.values(), "client_credentials")),
        *((REPLAYS, (kind,)) for kind in _REPLAYED.values()),
        *((BLOCKED, (kind,)) for kind in KINDS),
    )
    for counter, labels in combinations:
        counter.labels(*labels)
