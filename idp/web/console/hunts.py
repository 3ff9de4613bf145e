"""The hunts on one page, over a window of time that stands in the address; each line leads to what it speaks of."""

from datetime import timedelta
from typing import Final

from flask import request
from werkzeug.wrappers import Response

from idp.foundation.translation import marked
from idp.interventions.hunts import DORMANT_AFTER
from idp.staff.powers import NAMES, Permission
from idp.staff.values import Officer
from idp.web.console.charts import chart_of
from idp.web.console.guards import requires
from idp.web.console.pages import console_page
from idp.web.shared.services import services

_WINDOWS: Final = {"1h": timedelta(hours=1), "6h": timedelta(hours=6), "24h": timedelta(days=1)}
_WINDOW_WORDS: Final = {"1h": marked("1 hour"), "6h": marked("6 hours"), "24h": marked("24 hours")}
_USUAL: Final = "6h"
_LEAST_ACCOUNTS: Final = 5
_MOST_ACCOUNTS: Final = 10_000


@requires(Permission.SEE_HUNTS)
def show(officer: Officer) -> Response:
    """Show what the hunts found."""
    window = request.args.get("window", _USUAL)
    window = window if window in _WINDOWS else _USUAL
    least = _least(request.args.get("least", ""))
    hunts, span = services().hunts, _WINDOWS[window]
    outcomes = hunts.sign_ins(span)
    return console_page(
        officer,
        "hunts.html",
        window=window,
        windows=_WINDOW_WORDS,
        least=least,
        outcomes=[one for one in reversed(outcomes) if one.succeeded or one.refused],
        chart=chart_of(outcomes),
        networks=hunts.crowded_networks(span, least=least),
        new_factors=hunts.new_factors_after_recovery(span),
        dormant=hunts.dormant_officers(),
        dormant_days=DORMANT_AFTER.days,
        power_names=NAMES,
        may_see_accounts=officer.may(Permission.SEE_ACCOUNTS),
        may_see_sessions=officer.may(Permission.SEE_SESSIONS),
    )


def _least(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) < len(str(_MOST_ACCOUNTS))
    return max(int(text), 2) if is_number else _LEAST_ACCOUNTS
