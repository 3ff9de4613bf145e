"""The geometry of the one chart there is: bars upwards for what went well and downwards for what was refused, so that
it is read without colours. Pure; the template draws it, with the same numbers in a table beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

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


def _length(count: int, most: int) -> int:
    return max(count * _HALF // most, 1) if count else 0
