"""How many events there were in every five minutes by what they say: sign-ins by how, requests refused by whose.

As with ``counts``, those sealed are as the sealer has tallied them, the few that still wait as they are. An action is
known here by its name, because those who record it lie above this package.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

import orjson
from sqlalchemy import BigInteger, Connection, Text, cast, func, select, type_coerce, union_all

from idp.audit.counts import WIDTH, bucket_of
from idp.audit.models import AuditEvent, AuditTally
from idp.foundation.database import Database

Series = Literal["sign_in", "passkey_refused", "refused"]
SIGN_IN: Final = "session.opened"
PASSKEY_REFUSED: Final = "sign_in.passkey_refused"
CALLS: Final = "client.calls"
REFUSED_CALL: Final = "refused"
"""What the detail of ``client.calls`` says of requests that were answered with an error."""
ACTIONS: Final = (SIGN_IN, PASSKEY_REFUSED, CALLS)
TOGETHER: Final = "+"
_LONGEST: Final = 255
KEPT_FOR: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Tallied:
    """So many events of a series, under a label: the means of a sign-in (joined by +), the site refused, or nothing."""

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
    sealed = select(
        AuditTally.bucket,
        AuditTally.series,
        AuditTally.label,
        cast(None, Text).label("detail"),
        AuditTally.count,
    ).where(AuditTally.bucket >= since, AuditTally.series.in_(series))
    bucket = type_coerce(AuditEvent.occurred_at, BigInteger) // WIDTH
    detail = cast(type_coerce(AuditEvent.detail, Text), Text)
    waiting = (
        select(bucket, AuditEvent.action, AuditEvent.client_id, detail, func.count())
        .where(AuditEvent.leaf_index.is_(None), AuditEvent.action.in_(ACTIONS), bucket >= since)
        .group_by(bucket, AuditEvent.action, AuditEvent.client_id, detail)
    )
    rows: Iterable[Sequence[Any]] = connection.execute(union_all(sealed, waiting)).all()
    return [one for one in _read(rows) if one.series in series]


def _read(rows: Iterable[Sequence[Any]]) -> Iterator[Tallied]:
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
    elif action == CALLS and detail.get("call") == REFUSED_CALL and client_id:
        count = detail.get("count")
        yield "refused", client_id, count if isinstance(count, int) else 0
