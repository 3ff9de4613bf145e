"""The canonical form of an event, which is what a leaf of the tree is the hash of (rule A6).

It is the JSON of the members below, keys sorted, no white space, UTF-8 (RFC 8785 for the values that occur: texts,
whole numbers, booleans, null, lists, objects). A personal value stands in it as a commitment, HMAC-SHA-256 under a
random salt of its own: erasing value and salt leaves the leaf as it was. Version 1 has one, ``network_commitment``;
version 2, of events that have more, has ``commitments`` beside it, by the value's place in the event. Pure.
"""

import hmac
from collections.abc import Mapping
from typing import Any, Final

import orjson

from idp.audit.tree import leaf_hash

SALT: Final = 32
_FIRST: Final = (
    "id",
    "occurred_at",
    "action",
    "actor",
    "account_id",
    "client_id",
    "session_id",
    "reason",
    "request_id",
    "network_commitment",
    "detail",
)
MEMBERS: Final[Mapping[int, tuple[str, ...]]] = {1: _FIRST, 2: (*_FIRST, "commitments")}
"""The members of each version of the form, beside ``version`` itself."""


def commitment(salt: bytes, value: str) -> bytes:
    """Return what stands for a personal value in the leaf."""
    return hmac.digest(salt, value.encode(), "sha256")


def members_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a row's canonical form."""
    version = 1 if row["commitments"] is None else 2
    members = {name: row[name] for name in MEMBERS[version]}
    committed = members["network_commitment"]
    return members | {"version": version, "network_commitment": None if committed is None else committed.hex()}


def canonical(members: Mapping[str, Any]) -> bytes:
    """Return the canonical bytes of these members. Identifiers and times in UTC are written as their usual texts."""
    return orjson.dumps(members, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


def hash_of(row: Mapping[str, Any]) -> bytes:
    """Return the leaf hash of a row."""
    return leaf_hash(canonical(members_of(row)))
