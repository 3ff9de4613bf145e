"""What stands for a registration's content wherever somebody says yes to it."""

from collections.abc import Mapping
from typing import Any

import orjson

from idp.foundation.digests import sha256


def digest_of(content: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 of a content: its JSON with sorted keys."""
    return sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS))
