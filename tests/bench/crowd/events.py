"""The audit record of a crowd: events of every kind that happens all day, and a few that are rare, with their tree."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import select, update

from idp.audit import store
from idp.audit.counts import WIDTH
from idp.audit.details import NETWORK, Details, Opening, Whereabouts
from idp.audit.leaf import MEMBERS, commitment, hash_of
from idp.audit.models import AuditHead
from idp.audit.tree import Hash, Tree
from idp.foundation.columns import microseconds, moment_of
from idp.foundation.database import Database
from idp.foundation.entropy import uuid7_of
from tests.bench.crowd.copying import Row
from tests.bench.crowd.draws import Draws, bytes_of, network_of, place_of, shares_of, site, site_of

EVENT: Final = (*MEMBERS[1], "leaf_index")
DETAIL: Final = ("event_id", "opening", "network_index", "region_index", "operator_index")
COUNTS: Final = f"""
INSERT INTO audit_count SELECT occurred_at / {WIDTH}, action, count(*) FROM audit_event GROUP BY 1, 2
ON CONFLICT (bucket, action) DO UPDATE SET count = excluded.count
"""
TALLIES: Final = f"""
INSERT INTO audit_tally SELECT occurred_at / {WIDTH}, 'sign_in', 'password+totp', count(*) FROM audit_event
WHERE action = 'session.opened' GROUP BY 1
ON CONFLICT (bucket, series, label) DO UPDATE SET count = excluded.count
"""
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_BATCH: Final = 20_000
# Up to this share of events are such ones; then whether a site is concerned, and the detail.
_ACTIONS: Final[tuple[tuple[float, str, bool, dict[str, Any]], ...]] = (
    (0.25, "session.opened", False, {"factors": ["password", "totp"]}),
    (0.50, "grant.created", True, {"is_offline": False}),
    (0.70, "token.issued", True, {"grant_type": "authorization_code"}),
    (0.86, "token.refreshed", True, {}),
    (0.94, "sign_in.password_refused", False, {"failures": 1}),
    (0.96, "sign_in.code_refused", False, {"factor": "totp"}),
    (0.98, "session.ended", False, {"sessions": 1, "client_sessions": 2, "grants": 2}),
    (0.993, "consent.granted", True, {"scopes": ["openid", "profile"]}),
    (0.998, "authenticator.added", False, {"kind": "passkey"}),
    (0.9995, "session.raised", False, {"factors": ["recovery_code"], "factors_before": ["password"]}),
    (1.0, "token.refresh_replayed", True, {}),
)
_OFFICER_SHARE: Final = 0.0005
_FIRST_SITE_SHARE: Final = 0.4


@dataclass(frozen=True, slots=True)
class Record:
    """Where new leaves go."""

    database: Database
    draws: Draws
    officer: str

    def rows(self) -> Iterator[Row]:
        """Yield the rows in the order of their leaves; the tiles of the tree are written as it grows."""
        with self.database.read() as connection:
            size: int = connection.scalar(select(AuditHead.size)) or 0
            tree = Tree(store.read_edge(connection, size))
        leaves: list[Hash] = []
        for number in range(self.draws.sizes.events):
            row = self._row(number)
            leaves.append(hash_of(row))
            yield *(_cell(name, row[name]) for name in MEMBERS[1]), size + number
            if len(leaves) == _BATCH:
                self._grow(tree, leaves)
        self._grow(tree, leaves)

    def details(self, details: Details) -> Iterator[Row]:
        """Yield where each event came from, encrypted."""
        details.place_by(lambda network: Whereabouts(*place_of(network)))
        for number in range(self.draws.sizes.events):
            event_id, opening = self._event_id(number), self._opening(number)
            row = details.row(event_id, {NETWORK: opening})
            yield tuple(row[name] for name in DETAIL)

    def _event_id(self, number: int) -> UUID:
        at = self.draws.at_ms(number / self.draws.sizes.events)
        return uuid7_of(at, bytes_of("event id", number)[:10])

    def _opening(self, number: int) -> Opening:
        return Opening(bytes_of("salt", number), network_of(shares_of("event", number)[2]))

    def _grow(self, tree: Tree, leaves: list[Hash]) -> None:
        with self.database.transaction() as connection:
            store.write_tiles(connection, self.database, tree.append(leaves))
            connection.execute(update(AuditHead).values(size=tree.size))
        leaves.clear()

    def _row(self, number: int) -> dict[str, Any]:
        share = number / self.draws.sizes.events
        what, who, _, first, second, *_ = shares_of("event", number)
        _, action, has_site, detail = next(one for one in _ACTIONS if what <= one[0])
        session = self.draws.session_at(share)
        account_id = self.draws.account_id(self.draws.account_of(session))
        drawn, at = bytes_of("event id", number), self.draws.at_ms(share)
        chosen = site(0) if first < _FIRST_SITE_SHARE else site_of(second)
        return {
            "id": self._event_id(number),
            "occurred_at": moment_of(at * 1000),
            "action": action,
            "actor": self.officer if who < _OFFICER_SHARE else f"account:{account_id}",
            "account_id": account_id,
            "client_id": chosen if has_site else None,
            "session_id": self.draws.session_id(session),
            "reason": None,
            "request_id": "".join(_LETTERS[byte & 31] for byte in drawn[10:18]),
            "network_commitment": commitment(*self._opening(number)),
            "commitments": None,
            "detail": detail,
        }


def _cell(name: str, value: Any) -> Any:
    if name == "occurred_at":
        return microseconds(value)
    return orjson.dumps(value).decode() if name == "detail" else value
