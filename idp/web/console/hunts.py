"""The hunts on one page, over a window of time that stands in the address; each line leads to what it speaks of."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from werkzeug.wrappers import Response

from idp.foundation.translation import marked
from idp.interventions.alerts.command_alarm import COMMAND_LINE
from idp.interventions.alerts.glass_alarm import BREAK_GLASS_ALARM
from idp.interventions.alerts.raising import RaisedAlert
from idp.interventions.alerts.rules import Rule
from idp.interventions.alerts.watching import DEAD_LETTERS, SEALING
from idp.interventions.hunts import DORMANT_AFTER
from idp.staff.powers import NAMES, Permission
from idp.staff.values import Officer
from idp.web.console.alert_rules import window_name
from idp.web.console.blocks import block_link
from idp.web.console.charts import DAYS, HOURS, heat_of
from idp.web.console.filters import address, number_asked
from idp.web.console.guards import requires
from idp.web.console.pages import console_page, places_of
from idp.web.console.travels import journeys, speed_asked
from idp.web.console.windows import WINDOW_WORDS, WINDOWS, window_asked
from idp.web.shared.services import services

_ALARMS: Final = {
    DEAD_LETTERS: marked("Deliveries were given up"),
    SEALING: marked("The audit record is not sealed"),
    BREAK_GLASS_ALARM: marked("Break-glass"),
    COMMAND_LINE: marked("A command took something away"),
}
_REMOVED: Final = marked("A rule since removed")
_ALERTS_SHOWN: Final = timedelta(days=7)
_LEAST_ACCOUNTS: Final = 5


@requires(Permission.SEE_HUNTS)
def show(officer: Officer) -> Response:
    """Show what the hunts found."""
    window = window_asked()
    least = number_asked("least", _LEAST_ACCOUNTS, 2)
    speed = speed_asked()
    hunts, span = services().hunts, WINDOWS[window]
    crowded = hunts.crowded_networks(span, least=least)
    rules = services().alerting.rules.list()
    return console_page(
        officer,
        "hunts.html",
        window=window,
        windows=WINDOW_WORDS,
        least=least,
        speed=speed,
        journeys=journeys(window, speed),
        heat=heat_of(hunts.sign_ins_by_hour(DAYS), services().clock.now()),
        hours=[f"{hour:02}" for hour in range(HOURS)],
        networks=crowded,
        places=places_of(line.network for line in crowded),
        new_factors=hunts.new_factors_after_recovery(span),
        dormant=hunts.dormant_officers(),
        dormant_days=DORMANT_AFTER.days,
        power_names=NAMES,
        rules=rules,
        rule_windows={rule.id: window_name(rule) for rule in rules},
        alerts=_alerts(officer, rules),
        may_change_alerts=officer.may(Permission.CHANGE_ALERTS),
        may_see_accounts=officer.may(Permission.SEE_ACCOUNTS),
        may_see_sessions=officer.may(Permission.SEE_SESSIONS),
        blocking={line.network: block_link(officer, line.network) for line in crowded},
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the list of alerts; ``href`` is the list or page that shows more of its subject, if one may see it."""

    alert: RaisedAlert
    title: str
    href: str


def _alerts(officer: Officer, rules: Iterable[Rule]) -> list[_Line]:
    watched = {str(rule.id): rule.hunt for rule in rules}
    titles = _ALARMS | {source: hunt.title for source, hunt in watched.items()}
    return [
        _Line(
            one,
            titles.get(one.source, _REMOVED),
            _href(officer, watched[one.source].about if one.source in watched else "", one.subject),
        )
        for one in services().alerting.alerts.latest(_ALERTS_SHOWN)
    ]


def _href(officer: Officer, about: str, subject: str) -> str:
    if about == "network" and officer.may(Permission.SEE_SESSIONS):
        return address("/console/sessions", {"network": subject, "state": "all"})
    if about == "account" and officer.may(Permission.SEE_ACCOUNTS):
        return f"/console/accounts/{subject}"
    return ""
