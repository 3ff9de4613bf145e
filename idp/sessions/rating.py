"""What is said of a session beside its facts: how much its factors prove together, and the signs of risk that staff
look at. Signs are kept as they are found and never weighed: whoever acts on one can say which it was.
"""

from collections.abc import Sequence
from enum import IntFlag
from typing import Final, Self
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, literal_column, select, update

from idp.factors.assurance import ACR_VALUES
from idp.sessions.models import PROVEN_LEVEL, OPSession


class RiskSign(IntFlag):
    """Signs that a sign-in may be somebody else's. The numbers are those of ``op_session.risk`` and of its indexes."""

    NEW_DEVICE = 1
    """The account's first session in this browser, and not its first of all."""
    RECOVERY_CODE = 2
    """A recovery code was given."""
    AFTER_FAILURES = 4
    """The right password came after many wrong ones, from wherever they came."""
    IMPOSSIBLE_TRAVEL = 8
    """The sign-in before was farther away than anybody gets in the time between (``interventions.travels``)."""

    @classmethod
    def called(cls, name: str) -> Self:
        """Return the sign that has this name in addresses; ``any`` are all of them. Raises KeyError."""
        return ~cls(0) if name == ANY_SIGN else cls[name.upper()]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of these signs, as they stand in addresses."""
        return tuple(str(sign.name).lower() for sign in self)


NO_SIGN: Final = RiskSign(0)
ANY_SIGN: Final = "any"
_ANY: Final = "risk <> 0"
SIGN_NAMES: Final = RiskSign.called(ANY_SIGN).names


def shows(signs: RiskSign) -> ColumnElement[bool]:
    """Return the condition that a session shows one sign or, with all of them, any: as the indexes are declared."""
    return literal_column(_ANY if signs == RiskSign.called(ANY_SIGN) else f"(risk & {signs.value}) <> 0")


def proves(acr: str) -> ColumnElement[bool]:
    """Return the condition that the factors of a session prove this acr together, and no higher one."""
    return literal_column(PROVEN_LEVEL) == literal_column(str(ACR_VALUES.index(acr) + 1))


def proves_less_than(acr: str) -> ColumnElement[bool]:
    """Return the condition that the factors of a session do not prove this acr together."""
    return literal_column(PROVEN_LEVEL) < literal_column(str(ACR_VALUES.index(acr) + 1))


def change_sign(connection: Connection, sign: RiskSign, *, shown: Sequence[UUID], gone: Sequence[UUID]) -> None:
    """Note that sessions show a sign, and that others do not after all. The rows are locked in the order in which
    endings lock them.
    """
    if not shown and not gone:
        return
    locked = select(OPSession.id).where(OPSession.id.in_([*shown, *gone])).order_by(OPSession.id)
    connection.execute(locked.with_for_update(key_share=True))
    with_it, without = OPSession.risk.bitwise_or(sign.value), OPSession.risk.bitwise_and((~sign).value)
    for ids, value in ((shown, with_it), (gone, without)):
        if ids:
            connection.execute(update(OPSession).where(OPSession.id.in_(ids)).values(risk=value))
