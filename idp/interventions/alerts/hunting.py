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


@dataclass(frozen=True, slots=True)
class Found:
    """How many of what a hunt counts it found for one subject; the empty subject is the whole deployment."""

    count: int
    subject: str = ""
    account_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class WatchedHunt:
    """A hunt that a rule can watch. ``counted`` says of what the threshold is a number, ``about`` what its subjects
    are, empty for the whole deployment.
    """

    name: str
    title: str
    counted: str
    find: Callable[[Hunts, timedelta, int], list[Found]]
    about: Literal["", "network", "account"] = ""


def _refusals(hunts: Hunts, window: timedelta, _least: int) -> list[Found]:
    return [Found(sum(one.refused for one in hunts.sign_ins(window)))]


def _crowds(hunts: Hunts, window: timedelta, least: int) -> list[Found]:
    found = hunts.crowded_networks(window, least=least)
    return [Found(one.accounts, one.network or "") for one in found]


def _new_factors(hunts: Hunts, window: timedelta, _least: int) -> list[Found]:
    accounts = Counter(one.account_id for one in hunts.new_factors_after_recovery(window))
    return [Found(count, str(account_id), account_id) for account_id, count in accounts.items()]


def _dormant(hunts: Hunts, _window: timedelta, _least: int) -> list[Found]:
    return [Found(len(hunts.dormant_officers()))]


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
    WatchedHunt("dormant_officers", marked("Dormant officers"), marked("officers not here lately"), _dormant),
)
WATCHED_BY_NAME: Final = MappingProxyType({one.name: one for one in WATCHED})
