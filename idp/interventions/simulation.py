"""What a draft of a registration would have meant for the sign-ins of the last seven days: whom it admits, and how much
they must prove. An estimate: sessions are taken by all that they proved in the end, accounts as they are now.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, and_, case, func, literal, or_, select

from idp.accounts.claims import UNPROVEN
from idp.accounts.models import Account, NaturalPerson
from idp.registry.members import with_defaults
from idp.registry.views import Comparison
from idp.sessions.models import ClientSession, OPSession
from idp.sessions.rating import proves_less_than

WINDOW: Final = timedelta(days=7)
# The latest; each is two steps into an index.
MOST: Final = 10_000
_SIMULATED: Final = {"policy.account_kinds", "policy.min_acr", "policy.min_ial"}


@dataclass(frozen=True, slots=True)
class Simulated:
    """How many sign-ins were looked at, ``is_all`` or the latest of them, and how many would have gone otherwise. Each
    is counted once, for what is asked first (``protocol.decision``).
    """

    sign_ins: int
    not_admitted: int
    unproven: int
    asked_for_more: int

    @property
    def is_all(self) -> bool:
        """Tell whether no sign-in of the window was left out."""
        return self.sign_ins < MOST

    @property
    def as_before(self) -> int:
        """Return how many would have gone as they did."""
        return self.sign_ins - self.not_admitted - self.unproven - self.asked_for_more


def is_simulated(comparison: Comparison) -> bool:
    """Tell whether a version would change, of what is in force, anything that can be tried on sign-ins."""
    is_change = comparison.version.status != "published" and comparison.against is not None
    return is_change and any(one.member in _SIMULATED for one in comparison.changes)


def simulate(connection: Connection, client_id: str, content: Mapping[str, Any], now: datetime) -> Simulated:
    """Try a registration on the sign-ins at its service."""
    policy = with_defaults(content)["policy"]
    lately = (
        select(ClientSession.account_id, ClientSession.op_session_id)
        .where(ClientSession.client_id == client_id, ClientSession.created_at >= now - WINDOW)
        .order_by(ClientSession.created_at.desc())
        .limit(MOST)
        .subquery()
    )
    is_unproven = and_(
        literal(policy.get("min_ial", UNPROVEN) > UNPROVEN),
        or_(NaturalPerson.ial < policy.get("min_ial", UNPROVEN), Account.reprove_identity_until > now),
    )
    fate = case(
        (Account.kind.not_in(policy["account_kinds"]), "not_admitted"),
        (is_unproven, "unproven"),
        (proves_less_than(policy["min_acr"]), "asked_for_more"),
        else_="as_before",
    )
    counted = (
        select(fate.label("fate"), func.count().label("sign_ins"))
        .select_from(lately)
        .join(OPSession, OPSession.id == lately.c.op_session_id)
        .join(Account, Account.id == lately.c.account_id)
        .join(NaturalPerson, NaturalPerson.id == Account.natural_person_id)
        .group_by(fate)
    )
    of = {row.fate: row.sign_ins for row in connection.execute(counted)}
    return Simulated(sum(of.values()), of.get("not_admitted", 0), of.get("unproven", 0), of.get("asked_for_more", 0))
