"""What the provider must know before it is measured: our client's registration and the accounts, by its own commands.

The registration asks for consent and the accounts have authenticators, so that nothing a citizen meets is switched off.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from tests.bench.load.fapi2 import PUBLIC_KEYS
from tests.bench.load.people import PASSWORD, Person
from tests.bench.load.subject import CLIENT_ID, CLIENT_SECRET, FAPI2_CLIENT_ID, OFFLINE_CLIENT_ID, REDIRECT_URI

DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")
REGISTRATION: dict[str, Any] = {
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "client_name": "性能测试",
    "client_name#en": "Bench",
    "redirect_uris": [REDIRECT_URI],
    "token_endpoint_auth_method": "client_secret_basic",
    "grant_types": ["authorization_code", "client_credentials"],
    "scope": "openid profile",
    "subject_type": "pairwise",
    "policy": {
        "profile": "standard",
        "agency": "bench",
        "sector": "bench",
        "environment": "development",
        "account_kinds": ["citizen"],
        "min_acr": "urn:idp:acr:aal1",
        "consent": "required",
    },
}
OFFLINE_REGISTRATION = {
    **REGISTRATION,
    "client_id": OFFLINE_CLIENT_ID,
    "client_name": "离线性能测试",
    "client_name#en": "Offline bench",
    "grant_types": ["authorization_code", "refresh_token"],
    "scope": "openid profile offline_access",
}
FAPI2_REGISTRATION = {
    **{name: value for name, value in REGISTRATION.items() if name != "client_secret"},
    "client_id": FAPI2_CLIENT_ID,
    "client_name": "金融级性能测试",
    "client_name#en": "FAPI 2.0 bench",
    "token_endpoint_auth_method": "private_key_jwt",
    "grant_types": ["authorization_code"],
    "dpop_bound_access_tokens": True,
    "jwks": PUBLIC_KEYS,
    "policy": REGISTRATION["policy"] | {"profile": "fapi2"},
}


def write_registrations(folder: Path) -> list[Path]:
    """Write the clients' registration files."""
    everyone = (REGISTRATION, OFFLINE_REGISTRATION, FAPI2_REGISTRATION)
    return [write_registration(folder, registration) for registration in everyone]


def write_registration(folder: Path, registration: dict[str, Any]) -> Path:
    """Write one registration file."""
    file = folder / f"{registration['client_id']}.json"
    file.write_text(json.dumps(registration, ensure_ascii=False, indent=2))
    return file


def write_accounts(file: Path, everyone: Iterable[Person]) -> Path:
    """Write the import file: one account a line. All share one password, so one hash serves every line."""
    verifier = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1).hash(PASSWORD)
    with file.open("w") as lines:
        for person in everyone:
            lines.write(json.dumps(account_line(person, verifier), ensure_ascii=False) + "\n")
    return file


def account_line(person: Person, verifier: str) -> dict[str, str]:
    """Return one line of an account import."""
    return {
        "kind": "citizen",
        "username": person.username,
        "name": chinese_name(person.number),
        "password_hash": verifier,
    }


def chinese_name(number: int) -> str:
    """Return a name: names have no digits, so the number is written in characters."""
    return "李" + str(number).translate(DIGITS)
