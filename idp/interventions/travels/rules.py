"""What counts as a journey, and how fast it was. Pure: the one place of the rule."""

from dataclasses import dataclass
from datetime import timedelta
from math import asin, cos, radians, sin, sqrt
from typing import Final

from idp.networks.ranges import Place

LOOKS_BACK: Final = timedelta(hours=24)
"""Of two sign-ins farther apart in time nothing is said: nobody needs longer for any distance."""
LEAST_SPEED: Final = 100
AIRLINER: Final = 900
"""In kilometres an hour: what a fast train would make, and nothing slower is noted; and what rules alert from."""
# The place of a network is that of a town, often of a province: below this, the distance says nothing.
_LEAST_KM: Final = 200
# Two sign-ins in one moment were at two places all the same; the clocks of two nodes may tell them in the wrong order.
_LEAST_HOURS: Final = 1 / 60
_EARTH_KM: Final = 6371.0


@dataclass(frozen=True, slots=True)
class Leg:
    """How far it was, and how many kilometres an hour that would have taken."""

    kilometres: int
    speed: int


def leg_between(there: Place | None, here: Place | None, elapsed: timedelta) -> Leg | None:
    """Return the leg from one sign-in to the next; None for what is not to be noted."""
    if there is None or here is None or elapsed > LOOKS_BACK:
        return None
    kilometres = distance(there, here)
    if kilometres < _LEAST_KM:
        return None
    leg = Leg(round(kilometres), round(kilometres / max(elapsed / timedelta(hours=1), _LEAST_HOURS)))
    return leg if leg.speed > LEAST_SPEED else None


def distance(one: Place, other: Place) -> float:
    """Return the kilometres between two places along the surface (haversine)."""
    south, north = radians(one.latitude), radians(other.latitude)
    half_north, half_east = (north - south) / 2, radians(other.longitude - one.longitude) / 2
    chord = sin(half_north) ** 2 + cos(south) * cos(north) * sin(half_east) ** 2
    return 2 * _EARTH_KM * asin(min(sqrt(chord), 1.0))
