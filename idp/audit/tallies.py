"""How many events there were in every five minutes by what they say: sign-ins by how, requests refused and tokens given
by whose.

As with ``counts``, those sealed are as the sealer has tallied them, the few that still wait as they are. An action is
known here by its name, because those who record it lie above this package.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

import orjson
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Connection,
    Text,
    cast,
    func,
    literal,
    select,
    text,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from idp.audit.counts import WIDTH, bucket_of
from idp.audit.models import AuditEvent, AuditTally
from idp.foundation.database import Database

Series = Literal["sign_in", "passkey_refused", "refused", "tokens"]
SIGN_IN: Final = "session.opened"
PASSKEY_REFUSED: Final = "sign_in.passkey_refused"
CALLS: Final = "client.calls"
REFUSED_CALL: Final = "refused"
"""What the detail of ``client.calls`` says of requests that were answered with an error."""
OWN_TOKENS: Final = "client_credentials"
"""What it says of tokens that a client got in its own name."""
TOKENS: Final = ("token.issued", "token.refreshed", "token.exchanged")
_SERIES: Final[Mapping[Series, tuple[str, ...]]] = {
    "sign_in": (SIGN_IN,),
    "passkey_refused": (PASSKEY_REFUSED,),
    "refused": (CALLS,),
    "tokens": (*TOKENS, CALLS),
}
ACTIONS: Final = tuple(dict.fromkeys(action for actions in _SERIES.values() for action in actions))
_CALLS: Final[Mapping[Any, Series]] = {REFUSED_CALL: "refused", OWN_TOKENS: "tokens"}
_BUCKET: Final = type_coerce(AuditEvent.occurred_at, BigInteger) // WIDTH
TOGETHER: Final = "+"
_LONGEST: Final = 255
KEPT_FOR: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Tallied:
    """So many events of a series, under a label: the means of a sign-in (joined by +), the site that was refused
    something or given tokens, or nothing.
    """

    bucket: int
    series: str
    label: str
    count: int


def tally_sealed(connection: Connection, database: Database, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows to the tallies, in the transaction that seals them."""
    tallied: Counter[tuple[int, str, str]] = Counter()
    for row in rows:
        for series, label, count in _said(row["action"], row["client_id"], row["detail"]):
            tallied[bucket_of(row["occurred_at"]), series, label] += count
    values = [
        {"bucket": bucket, "series": series, "label": label, "count": count}
        for (bucket, series, label), count in sorted(tallied.items())
    ]
    if values:
        connection.execute(database.insert_adding(AuditTally, "count"), values)


def tallies(connection: Connection, series: Sequence[Series], since: int) -> list[Tallied]:
    """Return the tallies of these series from a bucket on, by one statement; one may be there twice, to be added up."""
    rows = connection.execute(_statement(series, since, AuditTally.bucket, _BUCKET)).all()
    return [one for one in _read(rows) if one.series in series]


def tallies_of(
    connection: Connection, client_id: str, series: Sequence[Series], since: int, until: int
) -> list[Tallied]:
    """Return the same of one client, between two buckets; each is looked up, so that no other client's are read."""
    buckets = AuditTally.bucket.in_(range(since, until + 1)), AuditTally.label == client_id
    statement = _statement(series, since, AuditTally.bucket, _BUCKET, buckets, (AuditEvent.client_id == client_id,))
    return [one for one in _read(connection.execute(statement).all()) if one.series in series]


def totals(connection: Connection, series: Sequence[Series], since: int) -> dict[Series, Counter[str]]:
    """Return how many events of these series there were from a bucket on, by label; the database adds them up."""
    rows = connection.execute(_statement(series, since, *(literal(since, BigInteger),) * 2)).all()
    counted: dict[Series, Counter[str]] = {one: Counter() for one in series}
    for one in _read(rows):
        if one.series in counted:
            counted[one.series][one.label] += one.count
    return counted


def _statement(
    series: Sequence[Series],
    since: int,
    sealed_in: ColumnElement[int] | InstrumentedAttribute[int],
    waiting_in: ColumnElement[int],
    of_sealed: Sequence[ColumnElement[bool]] = (),
    of_waiting: Sequence[ColumnElement[bool]] = (),
) -> CompoundSelect[Any]:
    """Select (bucket, series or action, label or client, detail or none, count), of each bucket that is given."""
    wanted = {action for one in series for action in _SERIES[one]}
    sealed = (
        select(
            sealed_in.label("bucket"),
            AuditTally.series,
            AuditTally.label,
            cast(None, Text).label("detail"),
            cast(func.sum(AuditTally.count), BigInteger),
        )
        .where(AuditTally.bucket >= since, AuditTally.series.in_(series), *of_sealed)
        .group_by(text("1"), AuditTally.series, AuditTally.label)
    )
    detail = cast(type_coerce(AuditEvent.detail, Text), Text)
    is_recent = type_coerce(AuditEvent.occurred_at, BigInteger) >= since * WIDTH
    waiting = (
        select(waiting_in.label("bucket"), AuditEvent.action, AuditEvent.client_id, detail, func.count())
        .where(AuditEvent.leaf_index.is_(None), AuditEvent.action.in_(wanted), is_recent, *of_waiting)
        .group_by(text("1"), AuditEvent.action, AuditEvent.client_id, text("4"))
    )
    return union_all(sealed, waiting)


def _read(rows: Iterable[Any]) -> Iterator[Tallied]:
    for bucket, what, label, detail, number in rows:
        if detail is None:
            yield Tallied(int(bucket), what, label, number)
            continue
        for series, said, count in _said(what, label, orjson.loads(detail)):
            yield Tallied(int(bucket), series, said, count * number)


def _said(action: str, client_id: str | None, detail: Mapping[str, Any]) -> Iterator[tuple[Series, str, int]]:
    """Yield under which labels an event counts, and as how many. No event, whatever it says, may hold up the sealer."""
    if action == SIGN_IN:
        yield "sign_in", TOGETHER.join(map(str, detail.get("factors") or ()))[:_LONGEST], 1
    elif action == PASSKEY_REFUSED:
        yield "passkey_refused", "", 1
    elif action in TOKENS and client_id:
        yield "tokens", client_id, 1
    elif action == CALLS and client_id and detail.get("call") in _CALLS:
        count = detail.get("count")
        yield _CALLS[detail["call"]], client_id, count if isinstance(count, int) else 0
