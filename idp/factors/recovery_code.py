"""Recovery codes: ten look-up secrets of 80 bits, shown once, each used once (NIST SP 800-63B-4 §3.1.2).

Stored as a keyed digest of account and code, so that the database alone neither shows nor tests one. A new list ends
the old one. The alphabet leaves out I, L, O and U; what people type instead of a digit is read as that digit.
"""

import re
from typing import Final
from uuid import UUID

from idp.factors import store
from idp.factors.factor import Accepted, CodeOutcome, Factor, WrongCode
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.keyring.service import Keyring

KIND: Final = "recovery_code"
CODES: Final = 10
MOST_FAILURES: Final = 100

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BYTES = 10
_LENGTH = 16
_GROUP = 4
_SEPARATORS = re.compile(r"[\s\-‐-―−]+")  # noqa: RUF001 - the dashes that word processors make of hyphens
_READ_AS = str.maketrans("OILoil", "011011")
_WELL_FORMED = re.compile(f"[{_ALPHABET}]{{{_LENGTH}}}")


class RecoveryCodes:
    """Makes and verifies recovery codes."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy, keyring: Keyring) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._keyring = keyring

    def make(self, account_id: UUID) -> tuple[str, ...]:
        """Make ten new codes, ending the old ones, and return them grouped for reading. They are never shown again."""
        codes = [_code_of(self._entropy.token_bytes(_BYTES)) for _ in range(CODES)]
        now = self._clock.now()
        identifier = self._entropy.uuid7()
        authenticator = {
            "id": identifier,
            "account_id": account_id,
            "kind": KIND,
            "created_at": now,
            "activated_at": now,
        }
        with self._database.transaction() as connection:
            old = list(connection.scalars(store.ids_of(account_id, KIND)))
            connection.execute(store.delete_codes(old))
            connection.execute(store.delete_authenticators(old, account_id))
            connection.execute(store.INSERT, authenticator)
            rows = [{"digest": self._digest(account_id, code), "authenticator_id": identifier} for code in codes]
            connection.execute(store.INSERT_CODES, rows)
        return tuple(_grouped(code) for code in codes)

    def verify(self, account_id: UUID, code: str) -> CodeOutcome:
        """Accept an unused code once. A failure is counted."""
        now = self._clock.now()
        values = {"code": self._digest(account_id, canonical(code)), "account": account_id, "now": now}
        with self._database.transaction() as connection:
            authenticator_id = connection.scalar(store.CLAIM_CODE, values)
            if authenticator_id is not None:
                store.USED.count(connection, {"authenticator": authenticator_id, "now": now})
                return Accepted(authenticator_id)
            most = {"account": account_id, "of_kind": KIND, "most": MOST_FAILURES, "now": now}
            counted = connection.execute(store.ADD_FAILURE, most).all()
        return WrongCode("disabled" if any(row.failures > MOST_FAILURES for row in counted) else "wrong")

    def _digest(self, account_id: UUID, code: str) -> bytes:
        return self._keyring.index(KIND, f"{account_id}:{code}")


def canonical(code: str) -> str:
    """Return a code as it was made: case-blind, without hyphens and blanks, O, I and L read as the digits they look
    like.
    """
    text = _SEPARATORS.sub("", code).translate(_READ_AS).upper()
    return text if _WELL_FORMED.fullmatch(text) else ""


def _code_of(random: bytes) -> str:
    number = int.from_bytes(random, "big")
    return "".join(_ALPHABET[number >> (5 * place) & 31] for place in range(_LENGTH))


def _grouped(code: str) -> str:
    return "-".join(code[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP))


FACTOR = Factor(
    kind=KIND,
    amr=("otp",),
    proves=frozenset({"possession"}),
)
