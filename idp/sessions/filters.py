"""Which sessions somebody looks for or wants ended, as a value that lists, counts and mass endings share.

The same filter gives the same sessions everywhere: what an officer saw counted is what is ended.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Final, Literal, Self
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, cast, exists, false, select, true
from sqlalchemy.orm import aliased

from idp.foundation.columns import microseconds, moment_of
from idp.foundation.entropy import first_uuid7
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.sessions.models import ClientSession, Device, OPSession
from idp.sessions.rating import RiskSign, proves, shows
from idp.sessions.store import is_live

_BAD_NETWORK: Final = marked("Write an address such as 203.0.113.9, or a network /8, /16, /24 or, for IPv6, /48.")
_METHOD: Final = re.compile("[a-z_]{1,20}")
_PREFIXES: Final = {8: 1, 16: 2}

State = Literal["live", "ended", "all"]


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """What sessions must have in common; None, or nothing, does not matter. ``network`` is as ``parse_network`` returns
    it, ``regions`` and ``operators`` are keys of ``networks.ranges.Place``, any of which will do. ``acr`` is what the
    factors proved together; ``device_id`` means that browser, whoever signed in there; ``sign`` is the name of a sign
    of risk, or ``any``.
    """

    account_id: UUID | None = None
    client_id: str | None = None
    network: str | None = None
    regions: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    method: str | None = None
    acr: str | None = None
    device_id: UUID | None = None
    sign: str | None = None
    started_since: datetime | None = None
    state: State = "live"

    @property
    def is_everything(self) -> bool:
        """Tell whether no session is spared."""
        return not any(getattr(self, field.name) for field in fields(self) if field.name != "state")

    def condition(self, now: datetime, *, beyond: UUID | None = None) -> ColumnElement[bool]:
        """Return it as SQL over ``op_session``, of the sessions whose ids are greater than one where that is given."""
        parts = [_in_state(self.state, now)]
        if beyond is not None:
            parts.append(OPSession.id > beyond)
        if self.client_id is not None:
            parts.append(_at_client(self.client_id, beyond))
        given = {name: getattr(self, name) for name in _CONDITIONS}
        parts += [_CONDITIONS[name](value) for name, value in given.items() if value not in (None, ())]
        return and_(true(), *parts)

    def packed(self) -> dict[str, Any]:
        """Return it as JSON."""
        values = {name: value for name, value in asdict(self).items() if value not in (None, ())}
        return {name: _packed(value) for name, value in values.items()}

    @classmethod
    def unpacked(cls, packed: Mapping[str, Any]) -> Self:
        """Return the filter of a packed form."""
        values = dict(packed)
        values |= {name: UUID(values[name]) for name in ("account_id", "device_id") if name in values}
        if "started_since" in values:
            values["started_since"] = moment_of(values["started_since"])
        for name in ("regions", "operators"):
            values[name] = tuple(values.get(name, ()))
        return cls(**values)


def _packed(value: Any) -> Any:  # noqa: ANN401 - a member of the filter as JSON
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, tuple):
        return list(value)
    return microseconds(value) if isinstance(value, datetime) else value


def parse_network(text: str) -> str:
    """Return the networks that sessions are kept with: one (/24, /48), or the text they all begin with. Raises
    UserError.
    """
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise UserError(_BAD_NETWORK, field="network") from None
    kept = 24 if network.version == 4 else 48  # noqa: PLR2004 - the IP version
    if network.prefixlen >= kept:
        return str(network.supernet(new_prefix=kept))
    if network.version == 4 and network.prefixlen in _PREFIXES:  # noqa: PLR2004 - the IP version
        octets = str(network.network_address).split(".")[: _PREFIXES[network.prefixlen]]
        return ".".join(octets) + "."
    raise UserError(_BAD_NETWORK, field="network")


def _in_state(state: State, now: datetime) -> ColumnElement[bool]:
    if state == "all":
        return true()
    return is_live(now) if state == "live" else ~is_live(now)


def _in_network(network: str) -> ColumnElement[bool]:
    if not network.endswith("."):
        return OPSession.network == network
    return OPSession.network.startswith(network, autoescape=True)


def _by_method(method: str) -> ColumnElement[bool]:
    if not _METHOD.fullmatch(method):
        return false()
    # As the partial indexes of the table are declared; an underscore of the word stands for any character, which
    # confuses no two of them.
    return cast(OPSession.factors, Text).like(f'%"{method}"%')


def _in_browser(device_id: UUID) -> ColumnElement[bool]:
    one, same = aliased(Device), aliased(Device)
    devices = select(same.id).join(one, one.digest == same.digest).where(one.id == device_id)
    return OPSession.device_id.in_(devices)


def _at_client(client_id: str, beyond: UUID | None) -> ColumnElement[bool]:
    there = exists().where(ClientSession.op_session_id == OPSession.id, ClientSession.client_id == client_id)
    # Said here too, or PostgreSQL would begin with the first session that ever went there.
    return there if beyond is None else there.where(ClientSession.op_session_id > beyond)


_CONDITIONS: Final[Mapping[str, Callable[[Any], ColumnElement[bool]]]] = {
    "account_id": lambda account_id: OPSession.account_id == account_id,
    "network": _in_network,
    "regions": OPSession.region.in_,
    "operators": OPSession.operator.in_,
    "method": _by_method,
    "acr": proves,
    "device_id": _in_browser,
    "sign": lambda name: shows(RiskSign.called(name)),
    # An id is a UUIDv7: a span of time is a span of ids.
    "started_since": lambda moment: OPSession.id >= first_uuid7(moment),
}
