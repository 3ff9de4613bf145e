"""The windows of time that charts, hunts and alert rules look back over, as the address names them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from flask import request

from idp.foundation.translation import marked

WINDOWS: Final = {"1h": timedelta(hours=1), "6h": timedelta(hours=6), "24h": timedelta(days=1)}
WINDOW_WORDS: Final = {"1h": marked("1 hour"), "6h": marked("6 hours"), "24h": marked("24 hours")}
_USUAL: Final = "6h"


def window_asked(offered: Mapping[str, timedelta] = WINDOWS, usual: str = _USUAL) -> str:
    """Return which of the windows offered the address names; the usual one for none of them."""
    asked = request.args.get("window", usual)
    return asked if asked in offered else usual
