"""JSON objects read strictly (RFC 8259, RFC 7515 §4): a duplicate member or a non-finite number is refused.

Two parsers that disagree about a duplicate member are how one check reads a claim that another does not.
"""

import json
from typing import Any, NoReturn


def decode_object(data: bytes) -> dict[str, Any]:
    """Return the JSON object in the data. Raises ValueError for anything else."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004, callers treat every bad document alike
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate member")
    return members


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
