"""The filters of the list of sessions: from the address to a value, and back as chips that each take one away.

All filters stand in the address, so that a view can be kept and sent on; every value is data.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Final, cast
from uuid import UUID

from idp.factors import FACTORS
from idp.factors.assurance import ACR_VALUES
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.sessions.filters import SessionFilter, State, parse_network
from idp.web.console import filters
from idp.web.console.filters import UNKNOWN_VALUE, Chip
from idp.web.shared.services import services

AGES: Final[Mapping[str, timedelta]] = {
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "30d": timedelta(days=30),
}
AGE_WORDS: Final = {
    "1h": marked("In the last hour"),
    "24h": marked("In the last 24 hours"),
    "30d": marked("In 30 days"),
}
STATE_WORDS: Final = {"live": marked("Live"), "ended": marked("Ended"), "all": marked("All")}
SIGN_WORDS: Final = {
    "any": marked("Any sign"),
    "new_device": marked("New device"),
    "recovery_code": marked("Recovery code"),
    "after_failures": marked("Many wrong passwords"),
    "impossible_travel": marked("Impossible journey"),
}
METHODS: Final = tuple(factor.kind for factor in FACTORS)
_LABELS: Final[Mapping[str, str]] = {
    "account": marked("Account"),
    "client": marked("Service"),
    "network": marked("Address or network"),
    "region": marked("Region"),
    "operator": marked("Operator or AS number"),
    "method": marked("Method"),
    "acr": marked("Assurance level"),
    "device": marked("Device"),
    "risk": marked("Risk"),
    "age": marked("Began"),
    "state": marked("State"),
}


_CHOICES: Final[Mapping[str, Collection[str]]] = {
    "method": METHODS,
    "acr": ACR_VALUES,
    "risk": SIGN_WORDS,
    "age": AGES,
    "state": STATE_WORDS,
}
_NO_DEVICE: Final = marked("Follow the link of a device in the list: a device is known by its id alone.")


def typed() -> dict[str, str]:
    """Return the filters as they stand in the address, without empty ones."""
    return filters.typed(_LABELS)


def parsed(given: Mapping[str, str]) -> SessionFilter:
    """Return the filter that was typed. Raises UserError that names its field."""
    for name, known in _CHOICES.items():
        if name in given and given[name] not in known:
            raise UserError(UNKNOWN_VALUE, field=name)
    return SessionFilter(
        account_id=filters.account_of(given["account"]) if "account" in given else None,
        client_id=given.get("client"),
        network=parse_network(given["network"]) if "network" in given else None,
        regions=filters.regions_of(given),
        operators=filters.operators_of(given),
        method=given.get("method"),
        acr=given.get("acr"),
        device_id=_device_of(given["device"]) if "device" in given else None,
        sign=given.get("risk"),
        started_since=services().clock.now() - AGES[given["age"]] if "age" in given else None,
        state=cast("State", given.get("state", "live")),
    )


def chips(given: Mapping[str, str], path: str, device: str | None = None) -> list[Chip]:
    """Return a chip for each active filter; ``device`` is what the device that was asked for is called."""
    words: dict[str, Mapping[str, str]] = {"age": AGE_WORDS, "state": STATE_WORDS, "risk": SIGN_WORDS}
    words["account"] = filters.account_words(given)
    if "device" in given and device is not None:
        words["device"] = {given["device"]: device}
    if "network" in given:
        words["network"] = {given["network"]: found_by(given["network"]) or given["network"]}
    return filters.chips(given, path, _LABELS, words, named=("method", "acr"))


def found_by(network: str) -> str | None:
    """Return the network that sessions from another are found by, which may be wider: what is ended there has to stand
    there. None if none is found by it.
    """
    try:
        found = parse_network(network)
    except UserError:
        return None
    return found if "/" in found else network


def _device_of(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise UserError(_NO_DEVICE, field="device") from None
