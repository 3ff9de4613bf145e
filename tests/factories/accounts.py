"""Accounts with the means to sign in: ``person = account_factory(kind="staff")``, then ``person.code(clock)``.

Traits are keyword arguments: ``with_totp=True``, ``with_recovery_codes=True``, ``is_locked=True``, and everything
NewAccount knows.
"""

import base64
import hashlib
import itertools
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pyotp

from idp.accounts.draft import NewAccount
from idp.accounts.organizations import NewMembership
from idp.foundation.clock import Clock
from tests.factories import numbers

# Long enough to stand alone (NIST-63B-3.1.1.2-length) and in no list.
PASSWORD = "quiet-lantern-harbour-71"
_counter = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What the holder of an account knows and has."""

    account_id: UUID
    kind: str
    username: str
    password: str
    name: str
    phone: str | None = None
    id_number: str | None = None
    totp_secret: str | None = None
    recovery_codes: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()

    def code(self, clock: Clock) -> str:
        """Return what the authenticator shows now. Each code counts once: move the clock by 30 s for another."""
        if self.totp_secret is None:
            raise AssertionError(f"{self.username} has no authenticator; make it with with_totp=True")
        return pyotp.TOTP(self.totp_secret).at(clock.now())


class AccountFactory:
    """Makes accounts in the deployment of ``services``."""

    def __init__(self, services: Any) -> None:
        self._services = services

    def __call__(
        self,
        *,
        kind: str = "citizen",
        username: str | None = None,
        password: str = PASSWORD,
        with_totp: bool | None = None,
        with_recovery_codes: bool = False,
        is_locked: bool = False,
        **changes: Any,
    ) -> Person:
        """Open an account and enrol its authenticators. Staff have a second factor unless ``with_totp=False``."""
        username = username or f"{kind}{next(_counter)}"
        values = {"name": "张小明", **_usual(kind), **changes}
        account_id = self._services.accounts.create(NewAccount(kind=kind, username=username, **values))
        has_totp = kind == "staff" if with_totp is None else with_totp
        factors = self._services.factors
        factors.set_password(account_id, password, has_second_factor=has_totp)
        totp_secret = _totp_secret(username) if has_totp else None
        if totp_secret:
            factors.add_totp(account_id, totp_secret)
        codes = factors.make_recovery_codes(account_id, actor="system") if with_recovery_codes else ()
        if is_locked:
            self._services.accounts.lock(account_id, reason="test", actor="system")
        return Person(
            account_id=account_id,
            kind=kind,
            username=username,
            password=password,
            name=values["name"],
            phone=values.get("phone"),
            id_number=values.get("id_number"),
            totp_secret=totp_secret,
            recovery_codes=tuple(codes),
            organizations=tuple(membership.uscc for membership in values.get("memberships", ())),
        )


def _usual(kind: str) -> dict[str, Any]:
    """Return what an account of this kind cannot be opened without."""
    if kind == "citizen":
        return {"id_number": numbers.id_number(), "phone": numbers.phone(), "phone_verified": True}
    if kind == "enterprise":
        firm = NewMembership(
            uscc=numbers.uscc(), role="legal_representative", name="海州贸易有限公司", name_en="Haizhou Trading"
        )
        return {"memberships": (firm,)}
    return {"id_number": numbers.id_number(), "agency": "tax-bureau"}


def _totp_secret(username: str) -> str:
    return base64.b32encode(hashlib.sha256(username.encode()).digest()[:20]).decode()
