"""The audit record as CSV in which no cell is a formula to a spreadsheet (rule A8). Pure."""

import csv
import io
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

import orjson

from idp.audit.records import AuditRecord

COLUMNS: Final = tuple(field.name for field in fields(AuditRecord))
# In their full width as well, which spreadsheets in Chinese read like the others.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def csv_line(cells: Sequence[str]) -> str:
    """Return a line of CSV with its end (RFC 4180); what a spreadsheet would calculate is marked as text."""
    buffer = io.StringIO()
    csv.writer(buffer).writerow(["'" + cell if cell.startswith(_FORMULA) else cell for cell in cells])
    return buffer.getvalue()


def cells_of(record: AuditRecord) -> list[str]:
    """Return the cells of an event, in the order of ``COLUMNS``."""
    return [_cell(getattr(record, name)) for name in COLUMNS]


def _cell(value: Any) -> str:  # noqa: ANN401 - whatever a column holds
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    return orjson.dumps(value).decode() if isinstance(value, dict) else str(value)
