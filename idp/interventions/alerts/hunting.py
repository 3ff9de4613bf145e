"""The hunts that rules can watch, each with what it counts. To add one, write its function and list it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from idp.foundation.translation import marked
from idp.interventions.hunts import Hunts
from idp.interventions.travels.service import Travels


@dataclass(frozen=True, slots=True)
class Found:
    """How many of what a hunt counts it found for one subject; the empty subject is the whole deployment."""

    count: int
    subject: str = ""
    account_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What the hunts look through."""

    hunts: Hunts
    travels: Travels


@dataclass(frozen=True, slots=True)
class WatchedHunt:
    """A hunt that a rule can watch. ``counted`` says of what the threshold is a number, ``about`` what its subjects
    are, empty for the whole deployment.
    """

    name: str
    title: str
    counted: str
    find: Callable[[Sight, timedelta, int], list[Found]]
    about: Literal["", "network", "account"] = ""


def _refusals(sight: Sight, window: timedelta, _least: int) -> list[Found]:
    return [Found(sum(one.refused for one in sight.hunts.sign_ins(window)))]


def _crowds(sight: Sight, window: timedelta, least: int) -> list[Found]:
    found = sight.hunts.crowded_networks(window, least=least)
    return [Found(one.accounts, one.network or "") for one in found]


def _new_factors(sight: Sight, window: timedelta, _least: int) -> list[Found]:
    accounts = Counter(one.account_id for one in sight.hunts.new_factors_after_recovery(window))
    return [Found(count, str(account_id), account_id) for account_id, count in accounts.items()]


def _travels(sight: Sight, window: timedelta, least: int) -> list[Found]:
    found = sight.travels.travellers(window, least=least)
    return [Found(one.journeys, str(one.account_id), one.account_id) for one in found]


def _dormant(sight: Sight, _window: timedelta, _least: int) -> list[Found]:
    return [Found(len(sight.hunts.dormant_officers()))]


WATCHED: Final = (
    WatchedHunt("refused_sign_ins", marked("Sign-ins refused"), marked("sign-ins refused in the window"), _refusals),
    WatchedHunt(
        "crowded_network", marked("One network, many accounts"), marked("accounts of one network"), _crowds, "network"
    ),
    WatchedHunt(
        "factor_after_recovery",
        marked("New factor after a recovery"),
        marked("factors added by one account"),
        _new_factors,
        "account",
    ),
    WatchedHunt(
        "impossible_travel",
        marked("Impossible travel"),
        marked("journeys of one account faster than 900 km/h"),
        _travels,
        "account",
    ),
    WatchedHunt("dormant_officers", marked("Dormant officers"), marked("officers not here lately"), _dormant),
)
WATCHED_BY_NAME: Final = MappingProxyType({one.name: one for one in WATCHED})
