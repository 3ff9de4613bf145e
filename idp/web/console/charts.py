"""The geometry of the charts. Bars go upwards for what went well and downwards for what was refused, so that they are
read without colours; the heat map has an hour in each column and a day in each row. Pure; the templates draw them, with
the same numbers in a table beside each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from idp.foundation.translation import SHANGHAI
from idp.interventions.hunts import Outcomes

_HALF: Final = 60
_STEP: Final = 10


@dataclass(frozen=True, slots=True)
class Bar:
    """One span of time, in the units of the drawing."""

    x: int
    up: int
    down: int


@dataclass(frozen=True, slots=True)
class Chart:
    """The bars of a chart; ``axis`` is the height at which nothing lies, ``most`` the number of the highest bar."""

    bars: tuple[Bar, ...]
    width: int
    height: int
    axis: int
    most: int


def chart_of(outcomes: Sequence[Outcomes]) -> Chart:
    """Return the chart of sign-ins by outcome; a bar that stands for anything is seen."""
    most = max((max(one.succeeded, one.refused) for one in outcomes), default=0)
    bars = tuple(
        Bar(place * _STEP, _length(one.succeeded, most), _length(one.refused, most))
        for place, one in enumerate(outcomes)
    )
    return Chart(bars, len(bars) * _STEP, 2 * _HALF, _HALF, most)


@dataclass(frozen=True, slots=True)
class OutcomeChart:
    """A chart of outcomes with the lines of its table, latest first, and what they come to."""

    chart: Chart
    lines: tuple[Outcomes, ...]
    succeeded: int
    refused: int

    @property
    def percent(self) -> int:
        """How many of a hundred succeeded, rounded down: all of them is all of them."""
        return self.succeeded * 100 // max(self.succeeded + self.refused, 1)


def outcome_chart_of(outcomes: Sequence[Outcomes]) -> OutcomeChart:
    """Return the chart of outcomes, oldest first; the table leaves out spans in which nothing was."""
    return OutcomeChart(
        chart_of(outcomes),
        tuple(one for one in reversed(outcomes) if one.succeeded or one.refused),
        sum(one.succeeded for one in outcomes),
        sum(one.refused for one in outcomes),
    )


def share_of(count: int, total: int) -> int:
    """Return how long the bar of a share is, of a hundred; a bar that stands for anything is seen."""
    return max(count * 100 // total, 1) if count else 0


def _length(count: int, most: int) -> int:
    return max(count * _HALF // most, 1) if count else 0


DAYS: Final = 7
HOURS: Final = 24
_SHADES: Final = 4


@dataclass(frozen=True, slots=True)
class HeatDay:
    """A day of the heat map: how many there were in each hour, None for hours that are no part of it, and how dark each
    is drawn, from 0 (none) to 4 (as many as ever).
    """

    day: date
    counts: tuple[int | None, ...]
    shades: tuple[int, ...]


def heat_of(by_hour: Mapping[datetime, int], now: datetime) -> list[HeatDay]:
    """Return the last days, the latest first, in the hours of Shanghai."""
    local = {moment.astimezone(SHANGHAI): count for moment, count in by_hour.items()}
    most = max(local.values(), default=0)
    today = now.astimezone(SHANGHAI)
    return [_day_of(local, today, today.date() - timedelta(days=back), most) for back in range(DAYS)]


def _day_of(local: Mapping[datetime, int], now: datetime, day: date, most: int) -> HeatDay:
    hours = [datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI) for hour in range(HOURS)]
    counts = tuple(local.get(hour, 0) if hour <= now else None for hour in hours)
    return HeatDay(day, counts, tuple(-(-(count or 0) * _SHADES // most) if count else 0 for count in counts))
