"""Impossible travel: the latest journeys for the page of hunts, and all that were noted, page by page."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from werkzeug.wrappers import Response

from idp.foundation.translation import marked
from idp.interventions.travels.rules import AIRLINER, LEAST_SPEED
from idp.interventions.travels.service import Travel
from idp.networks.ranges import Place
from idp.networks.service import Loaded
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console.filters import number_asked
from idp.web.console.guards import requires
from idp.web.console.pages import console_page, places_of
from idp.web.console.paging import Page, current_page
from idp.web.console.windows import WINDOW_WORDS, WINDOWS, window_asked
from idp.web.shared.services import services

PATH: Final = "/console/hunts/travels"
_WINDOWS: Final = {**WINDOWS, "7d": timedelta(days=7), "30d": timedelta(days=30)}
_WINDOW_WORDS: Final = {**WINDOW_WORDS, "7d": marked("7 days"), "30d": marked("30 days")}
_USUAL: Final = "24h"


@dataclass(frozen=True, slots=True)
class Journeys:
    """What the table of journeys shows: a page of them, with the places of today's table. ``behind_since`` says that
    later sign-ins are not in it yet.
    """

    page: Page[Travel]
    places: dict[str, Place]
    table: Loaded | None
    behind_since: datetime | None


def journeys(window: str, speed: int) -> Journeys:
    """Return the journeys of a window, the page that the address asks for."""
    find = partial(services().travels.page, speed, _WINDOWS[window])
    page: Page[Travel] = current_page(find, PATH, {"window": window, "speed": str(speed)})
    networks = (arrival.network for line in page.lines for arrival in (line.before, line.after))
    return Journeys(page, places_of(networks), services().networks.status(), services().travels.behind_since())


def speed_asked() -> int:
    """Return from how many kilometres an hour on journeys are shown."""
    return number_asked("speed", AIRLINER, LEAST_SPEED)


@requires(Permission.SEE_HUNTS)
def show(officer: Officer) -> Response:
    """List the journeys that were noted, latest first."""
    window = window_asked(_WINDOWS, _USUAL)
    speed = speed_asked()
    return console_page(
        officer,
        "travels.html",
        window=window,
        windows=_WINDOW_WORDS,
        speed=speed,
        journeys=journeys(window, speed),
        may_see_accounts=officer.may(Permission.SEE_ACCOUNTS),
        may_see_sessions=officer.may(Permission.SEE_SESSIONS),
    )
