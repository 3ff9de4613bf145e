"""Reading certain records that an agency keeps about the person, of a span of time, for one purpose (RFC 9396 §2.2).

The agency is the one that serves the resource named in ``locations``; ``purpose`` names one of the sentences in the
client's registration, which staff have read, so that no client writes words of its own onto our page.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Final

from idp.foundation.translation import marked
from idp.protocol.authorization_details.details_type import Detail, DetailsType, Unacceptable, only, texts
from idp.registry.client import Client

RECORDS: Final[Mapping[str, str]] = {
    "household_registration": marked("Household registration"),
    "marriage_registration": marked("Marriage registration"),
    "property_ownership": marked("Property ownership"),
    "social_insurance": marked("Social insurance contributions"),
    "tax_payments": marked("Tax payments"),
    "vehicle_registration": marked("Vehicle registration"),
}


def _parse(given: Mapping[str, Any], client: Client) -> Detail:
    only(given, "type", "locations", "datatypes", "period", "purpose")
    datatypes = texts(given, "datatypes", len(RECORDS))
    if not RECORDS.keys() >= set(datatypes):
        raise Unacceptable(f"knows these datatypes only: {', '.join(RECORDS)}")
    purpose = given["purpose"]
    if not isinstance(purpose, str) or purpose not in client.purposes:
        raise Unacceptable("needs a purpose that stands in the client's registration")
    return {
        "type": READ_RECORDS.name,
        "locations": texts(given, "locations", 1),
        "datatypes": datatypes,
        "period": _period(given["period"]),
        "purpose": purpose,
    }


def _period(given: Any) -> dict[str, str]:  # noqa: ANN401 - comes from a client
    if not isinstance(given, Mapping) or set(given) != {"from", "to"}:
        raise Unacceptable("needs a period with from and to")
    try:
        start, end = (date.fromisoformat(given[name]).isoformat() for name in ("from", "to"))
    except (TypeError, ValueError):
        raise Unacceptable("needs dates such as 2025-12-31 in its period") from None
    if start > end:
        raise Unacceptable("has a period that ends before it begins")
    return {"from": start, "to": end}


def _is_within(asked: Detail, granted: Detail) -> bool:
    return (
        asked["locations"] == granted["locations"]
        and asked["purpose"] == granted["purpose"]
        and set(asked["datatypes"]) <= set(granted["datatypes"])
        # Dates in their canonical form compare as texts.
        and granted["period"]["from"] <= asked["period"]["from"]
        and asked["period"]["to"] <= granted["period"]["to"]
    )


def _view(detail: Detail) -> Mapping[str, Any]:
    return {
        "records": [RECORDS[name] for name in detail["datatypes"]],
        "start": _moment(detail["period"]["from"]),
        "end": _moment(detail["period"]["to"]),
    }


def _moment(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), UTC)


READ_RECORDS = DetailsType("read_records", _parse, _is_within, _view)
