"""How commands speak: tables for people, JSON for programs; answers on stdout, complaints on stderr."""

import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

import click

from idp.foundation.masked import Masked

Function = TypeVar("Function", bound=Callable[..., Any])
_WIDE = {"W", "F"}


def json_option(function: Function) -> Function:
    """Give a command the option --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def advancing(bar: Any) -> Callable[[int, int], None]:  # noqa: ANN401 - click's progress bar has no public type
    """Return what moves a progress bar whose length is known only as it goes: called with done and total."""

    def advance(done: int, total: int) -> None:
        bar.length = total
        bar.update(done - bar.pos)

    return advance


def print_json(value: Any) -> None:  # noqa: ANN401 - any value that plain() knows
    """Print a value as JSON, readable by people too."""
    click.echo(json.dumps(plain(value), ensure_ascii=False, indent=2))


def plain(value: Any) -> Any:  # noqa: ANN401 - any value
    """Return a value in the types of JSON. Masked values stay masked."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, set | frozenset):
        return [plain(entry) for entry in sorted(value)]
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if is_dataclass(value) and not isinstance(value, type | Masked):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:  # noqa: ANN401 - any value
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return str(value) if isinstance(value, date | UUID | Masked) else value


def print_table(headings: Sequence[str], rows: Sequence[Sequence[Any]], *, empty: str) -> None:
    """Print rows under headings, or a sentence when there are none."""
    if not rows:
        click.echo(empty)
        return
    texts = [[shown(cell) for cell in row] for row in rows]
    widths = [max(width_of(row[place]) for row in (list(headings), *texts)) for place in range(len(headings))]
    for row in ([heading.upper() for heading in headings], *texts):
        cells = (cell + " " * (width - width_of(cell)) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def print_facts(facts: Sequence[tuple[str, Any]]) -> None:
    """Print one fact a line."""
    width = max(width_of(name) for name, _ in facts)
    for name, value in facts:
        click.echo(f"{name}{' ' * (width - width_of(name))}  {shown(value)}")


def shown(value: Any) -> str:  # noqa: ANN401 - any value
    """Return a value as a cell shows it."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, tuple | list | set | frozenset):
        return (
            ", ".join(shown(entry) for entry in (sorted(value) if isinstance(value, set | frozenset) else value)) or "-"
        )
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(value))


def width_of(text: str) -> int:
    """Return the columns that a text takes in a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in _WIDE else 1 for character in text)
