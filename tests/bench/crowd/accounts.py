"""The people of a crowd: each a human, an account and its look-ups, encrypted and indexed by the deployment's keys."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from idp.foundation.entropy import uuid7_of
from idp.keyring.service import Keyring
from tests.bench.crowd.copying import Row
from tests.bench.crowd.draws import Draws, bytes_of
from tests.bench.servers.seeding import chinese_name

PERSON: Final = (
    "id",
    "legal_name",
    "id_number",
    "id_number_digest",
    "ial",
    "ial_source",
    "created_at",
    "updated_at",
)
ACCOUNT: Final = (
    "id",
    "kind",
    "username",
    "natural_person_id",
    "environment",
    "is_demonstration",
    "phone",
    "phone_verified",
    "email",
    "email_verified",
    "roles",
    "created_at",
    "updated_at",
    "credentials_changed_at",
)
LOOKUP: Final = ("account_id", "kind", "digest", "signs_in")
KINDS: Final = (("phone", True), ("email", False), ("id_number", True))
_FIRST_BIRTH: Final = date(1940, 1, 1)
_BIRTHDAYS: Final = 24_000
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"


def username(number: int) -> str:
    """Return the username of an account."""
    return f"citizen{number:08d}"


def phone(number: int) -> str:
    """Return the phone number of an account, in its normal form."""
    return f"+86139{number:08d}"


def email(number: int) -> str:
    """Return the e-mail address of an account."""
    return f"citizen{number}@example.cn"


def id_number(number: int) -> str:
    """Return the resident ID number (GB 11643) of an account's owner; another one for each number."""
    place, sequence = divmod(number, 999 * _BIRTHDAYS)[0], number // _BIRTHDAYS % 999 + 1
    born = _FIRST_BIRTH + timedelta(days=number % _BIRTHDAYS)
    digits = f"11010{place + 1}{born:%Y%m%d}{sequence:03d}"
    return digits + _CHECKS[sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % 11]


def person_id(draws: Draws, number: int) -> UUID:
    """Return the id of the human behind an account."""
    return uuid7_of(draws.opened_ms(number), bytes_of("person", number)[:10])


def persons(draws: Draws, keyring: Keyring) -> Iterator[Row]:
    """Yield the humans."""
    for number in range(draws.sizes.accounts):
        row, at = person_id(draws, number), draws.opened_ms(number) * 1000
        name = keyring.encrypt("natural_person.legal_name", row, chinese_name(number).encode())
        text = id_number(number)
        proof = keyring.encrypt("natural_person.id_number", row, text.encode()), keyring.index("id_number", text)
        yield row, name, *proof, 2, "population_register", at, at


def accounts(draws: Draws, keyring: Keyring) -> Iterator[Row]:
    """Yield the accounts."""
    for number in range(draws.sizes.accounts):
        row, at = draws.account_id(number), draws.opened_ms(number) * 1000
        calls = keyring.encrypt("account.phone", row, phone(number).encode())
        writes = keyring.encrypt("account.email", row, email(number).encode())
        named = row, "citizen", username(number), person_id(draws, number), "development", False
        yield *named, calls, True, writes, True, "[]", at, at, at


def lookups(draws: Draws, keyring: Keyring) -> Iterator[Row]:
    """Yield what leads to the accounts: phone and ID number sign in, an address only finds."""
    for number in range(draws.sizes.accounts):
        row = draws.account_id(number)
        values = phone(number), email(number), id_number(number)
        for (kind, signs_in), value in zip(KINDS, values, strict=True):
            yield row, kind, keyring.index(kind, value), signs_in
