"""The authorization details types (RFC 9396): a file each, ending in its record, listed once in this tuple."""

from idp.protocol.authorization_details.details_type import Detail, DetailsType
from idp.protocol.authorization_details.read_records import READ_RECORDS

AUTHORIZATION_DETAILS_TYPES: tuple[DetailsType, ...] = (READ_RECORDS,)

TYPES_BY_NAME = {known.name: known for known in AUTHORIZATION_DETAILS_TYPES}

__all__ = ["AUTHORIZATION_DETAILS_TYPES", "TYPES_BY_NAME", "Detail", "DetailsType"]
