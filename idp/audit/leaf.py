"""The canonical form of an event, version 1, which is what a leaf of the tree is the hash of (rule A6).

It is the JSON of the members below, keys sorted, no white space, UTF-8 (RFC 8785 for the values that occur: texts,
whole numbers, booleans, null, lists, objects). The one personal value, ``network``, stands in it as a commitment,
HMAC-SHA-256 under the event's own random salt: erasing value and salt leaves the leaf as it was. Pure.
"""

import hmac
from collections.abc import Mapping
from typing import Any, Final

import orjson

from idp.audit.tree import leaf_hash

VERSION: Final = 1
SALT: Final = 32
MEMBERS: Final = (
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


def commitment(salt: bytes, value: str) -> bytes:
    """Return what stands for a personal value in the leaf."""
    return hmac.digest(salt, value.encode(), "sha256")


def members_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a row's canonical form."""
    members = {name: row[name] for name in MEMBERS}
    committed = members["network_commitment"]
    return members | {"version": VERSION, "network_commitment": None if committed is None else committed.hex()}


def canonical(members: Mapping[str, Any]) -> bytes:
    """Return the canonical bytes of these members. Identifiers and times in UTC are written as their usual texts."""
    return orjson.dumps(members, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


def hash_of(row: Mapping[str, Any]) -> bytes:
    """Return the leaf hash of a row."""
    return leaf_hash(canonical(members_of(row)))
