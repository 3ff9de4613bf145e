"""The sessions of a crowd: each with the sites it went to, their grants, and what those were told at its end."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson

from idp.foundation.digests import b64url
from idp.foundation.entropy import uuid7_of
from idp.sessions.rating import NO_SIGN, RiskSign
from tests.bench.crowd.copying import Row
from tests.bench.crowd.draws import (
    LIVES_MS,
    TODAY_SHARE,
    Draws,
    bytes_of,
    network_of,
    place_of,
    shares_of,
    site,
    site_of,
)

RARE_SITE: Final = "bench-site-rare"
"""A site that three of the oldest sessions went to, and nobody since."""

SESSION: Final = (
    "id",
    "digest",
    "account_id",
    "created_at",
    "auth_time",
    "last_seen_at",
    "expires_at",
    "factors",
    "interaction_id",
    "network",
    "region",
    "operator",
    "user_agent",
    "ended_at",
    "end_reason",
    "surface",
    "device_id",
    "risk",
)
SITE: Final = ("id", "op_session_id", "account_id", "client_id", "sid", "sub", "created_at", "ended_at")
GRANT: Final = (
    "id",
    "reference",
    "account_id",
    "client_id",
    "op_session_id",
    "client_session_id",
    "interaction_id",
    "sub",
    "is_offline",
    "claims",
    "created_at",
    "ended_at",
    "end_reason",
)
MESSAGE: Final = (
    "id",
    "kind",
    "lane",
    "about",
    "payload",
    "created_at",
    "due_at",
    "attempts",
    "delivered_at",
    "settled_at",
    "last_error",
)
SUBJECTS: Final = """
INSERT INTO subject (account_id, sector, sub, created_at)
SELECT DISTINCT ON (account_id, client_id) account_id, client_id, sub, created_at FROM client_session
"""
# One browser in a thousand stands at a counter, and is everybody's.
DEVICES: Final = """
INSERT INTO device (id, account_id, digest, created_at, last_seen_at)
SELECT DISTINCT ON (device_id) device_id, account_id,
       CASE WHEN get_byte(uuid_send(device_id), 15) = 0 AND get_byte(uuid_send(device_id), 14) < 64
            THEN sha256('counter') ELSE sha256(uuid_send(device_id)) END,
       created_at, created_at
FROM op_session ORDER BY device_id, id
"""
CONSENTS: Final = """
INSERT INTO consent (account_id, client_id, basis, scopes, claims, declined, first_granted_at, granted_at, expires_at)
SELECT DISTINCT ON (account_id, client_id) account_id, client_id, 'consent', '["openid", "profile"]'::jsonb,
       '[]'::jsonb, '[]'::jsonb, created_at, created_at, created_at + 31536000000000
FROM authorization_grant
"""
FAMILIES: Final = """
INSERT INTO refresh_family (id, generation, rotated_at, grace_given, grace_streak, grant_id, idle_expires_at,
                            expires_at)
SELECT substr(sha256(reference::bytea), 1, 16), 1, created_at + 60000000, 0, 0, id, created_at + 1209600000000,
       created_at + 7776000000000
FROM authorization_grant WHERE is_offline OR get_byte(sha256(reference::bytea), 0) < 64
"""
"""Those for offline use have refresh tokens, and every fourth of the others."""
_AGENTS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/18.6 Mobile/15E148 Safari/604",
    "Mozilla/5.0 (Linux; Android 14; ELS-AN00) AppleWebKit/537.36 Chrome/128.0.0.0 Mobile Safari/537.36",
)
# Up to this share of sign-ins used these.
_FACTORS: Final = (
    (0.55, ("password", "totp")),
    (0.85, ("passkey",)),
    (0.998, ("password",)),
    (1.0, ("password", "recovery_code")),
)
# This share of sign-ins is the first in its browser, and far fewer follow many wrong passwords.
_NEW_SHARE, _GUESSED_SHARE = 0.05, 0.001
_FIRST_SITE_SHARE: Final = 0.75
_WAITING_MS: Final = 5 * 60_000


@dataclass(frozen=True, slots=True)
class Drawn:
    """One session."""

    id: UUID
    account_id: UUID
    began: int
    expires: int
    ended: int | None
    reason: str | None
    network: str
    factors: tuple[str, ...]
    agent: str
    device: UUID
    risk: int
    sites: tuple[str, ...]


def drawn(draws: Draws, number: int) -> Drawn:
    """Return a session. Times are in microseconds."""
    end, lasts, behind, means, agent, first, second, third = shares_of("session", number)
    began = draws.session_ms(number) * 1000
    expires = began + LIVES_MS * 1000
    is_recent = number >= draws.sizes.sessions * (1 - TODAY_SHARE)
    ended = None
    if end < (0.2 if is_recent else 0.4):
        until = min(expires, draws.now_ms * 1000)
        ended = began + int(lasts * (until - began))
    return Drawn(
        draws.session_id(number),
        draws.account_id(draws.account_of(number)),
        began,
        expires,
        ended,
        None if ended is None else "logout",
        network_of(behind),
        next(kinds for limit, kinds in _FACTORS if means <= limit),
        _AGENTS[int(agent * len(_AGENTS))],
        draws.device_id(draws.account_of(number), int(agent * len(_AGENTS))),
        _risk(first, third, means),
        tuple(dict.fromkeys(_sites(number, first, second, third))),
    )


def _risk(new: float, guessed: float, means: float) -> int:
    """Return the signs of risk. Journeys are found by the judge."""
    signs = RiskSign.NEW_DEVICE if new < _NEW_SHARE else NO_SIGN
    signs |= RiskSign.RECOVERY_CODE if means > _FACTORS[-2][0] else NO_SIGN
    return (signs | (RiskSign.AFTER_FAILURES if guessed < _GUESSED_SHARE else NO_SIGN)).value


def _sites(number: int, first: float, second: float, third: float) -> Iterator[str]:
    if first < _FIRST_SITE_SHARE:
        yield site(0)
    yield site_of(second)
    if third < 0.5:
        yield site_of(third * 2)
    if number < 3:
        yield RARE_SITE


def every(draws: Draws) -> Iterator[tuple[int, Drawn]]:
    """Yield the sessions."""
    for number in range(draws.sizes.sessions):
        yield number, drawn(draws, number)


def sessions(draws: Draws) -> Iterator[Row]:
    """Yield the sessions."""
    for number, one in every(draws):
        factors = orjson.dumps([[kind, one.began] for kind in one.factors]).decode()
        seen = one.ended or min(one.expires, one.began + (draws.now_ms * 1000 - one.began) // 2)
        times = one.began, one.began, seen, one.expires
        where = one.network, *place_of(one.network), one.agent, one.ended, one.reason, "provider", one.device, one.risk
        yield one.id, bytes_of("cookie", number), one.account_id, *times, factors, _interaction(one, 0), *where


def site_sessions(draws: Draws) -> Iterator[Row]:
    """Yield the sites' parts."""
    for number, one in every(draws):
        for place, client in enumerate(one.sites):
            names = _text("sid", number, place), subject_of(one.account_id, client)
            yield _part_id(one, place), one.id, one.account_id, client, *names, one.began, one.ended


def grants(draws: Draws) -> Iterator[Row]:
    """Yield what was granted to the sites."""
    for number, one in every(draws):
        for place, client in enumerate(one.sites):
            grant_id = uuid7_of(one.began // 1000, bytes_of("grant", number, place)[:10])
            owner = one.account_id, client, one.id, _part_id(one, place), _interaction(one, place + 1)
            is_offline = number % 20 == 0
            # Every second of those that outlive their session goes on.
            end = (one.began, None, None) if number % 40 == 0 else (one.began, one.ended, one.reason)
            yield (
                grant_id,
                _text("ref", number, place)[:22],
                *owner,
                subject_of(one.account_id, client),
                is_offline,
                "{}",
                *end,
            )


def messages(draws: Draws) -> Iterator[Row]:
    """Yield what the sites were told: nearly all of it confirmed, some given up, the latest still waiting."""
    for number, one in every(draws):
        if one.ended is None:
            continue
        for place, client in enumerate(one.sites):
            payload = {"client_id": client, "sid": _text("sid", number, place), "sub": "x"}
            row = uuid7_of(one.ended // 1000, bytes_of("message", number, place)[:10])
            head = row, "backchannel_logout", client, one.id, orjson.dumps(payload).decode(), one.ended, one.ended
            if one.ended > (draws.now_ms - _WAITING_MS) * 1000:
                yield *head, 0, None, None, None
            elif number % 50:
                yield *head, 1, one.ended + 80_000, one.ended + 80_000, None
            else:
                yield *head, 12, None, one.ended + 3_600_000_000, "503"


def subject_of(account_id: UUID, client: str) -> str:
    """Return the sub by which a site knows an account."""
    return _text("sub", account_id.hex, client)


def _part_id(one: Drawn, place: int) -> UUID:
    return uuid7_of(one.began // 1000, bytes_of("part", one.id.hex, place)[:10])


def _interaction(one: Drawn, place: int) -> UUID:
    return UUID(bytes=bytes_of("interaction", one.id.hex, place)[:16], version=4)


def _text(*words: object) -> str:
    return b64url(bytes_of(*words))
