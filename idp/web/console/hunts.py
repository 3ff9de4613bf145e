"""The hunts on one page, over a window of time that stands in the address; each line leads to what it speaks of."""

from datetime import timedelta
from typing import Final

from flask import request
from werkzeug.wrappers import Response

from idp.foundation.translation import marked
from idp.interventions.hunts import DORMANT_AFTER
from idp.staff.powers import NAMES, Permission
from idp.staff.values import Officer
from idp.web.console.charts import DAYS, HOURS, chart_of, heat_of
from idp.web.console.guards import requires
from idp.web.console.pages import console_page, places_of
from idp.web.shared.services import services

_WINDOWS: Final = {"1h": timedelta(hours=1), "6h": timedelta(hours=6), "24h": timedelta(days=1)}
_WINDOW_WORDS: Final = {"1h": marked("1 hour"), "6h": marked("6 hours"), "24h": marked("24 hours")}
_USUAL: Final = "6h"
_LEAST_ACCOUNTS: Final = 5
_MOST: Final = 10_000
_USUAL_SPEED: Final = 900
_LEAST_SPEED: Final = 100
"""In kilometres an hour: an airliner, and what a fast train would make."""


@requires(Permission.SEE_HUNTS)
def show(officer: Officer) -> Response:
    """Show what the hunts found."""
    window = request.args.get("window", _USUAL)
    window = window if window in _WINDOWS else _USUAL
    least = _number(request.args.get("least", ""), _LEAST_ACCOUNTS, 2)
    speed = _number(request.args.get("speed", ""), _USUAL_SPEED, _LEAST_SPEED)
    hunts, span = services().hunts, _WINDOWS[window]
    outcomes, crowded = hunts.sign_ins(span), hunts.crowded_networks(span, least=least)
    return console_page(
        officer,
        "hunts.html",
        window=window,
        windows=_WINDOW_WORDS,
        least=least,
        speed=speed,
        table=services().networks.status(),
        travels=services().travels.faster_than(speed, span),
        heat=heat_of(hunts.sign_ins_by_hour(DAYS), services().clock.now()),
        hours=[f"{hour:02}" for hour in range(HOURS)],
        outcomes=[one for one in reversed(outcomes) if one.succeeded or one.refused],
        chart=chart_of(outcomes),
        networks=crowded,
        places=places_of(line.network for line in crowded),
        new_factors=hunts.new_factors_after_recovery(span),
        dormant=hunts.dormant_officers(),
        dormant_days=DORMANT_AFTER.days,
        power_names=NAMES,
        may_see_accounts=officer.may(Permission.SEE_ACCOUNTS),
        may_see_sessions=officer.may(Permission.SEE_SESSIONS),
    )


def _number(text: str, usual: int, least: int) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) < len(str(_MOST))
    return max(int(text), least) if is_number else usual
