"""What the demonstration prints: progress, and tables whose Chinese characters take two columns."""

import time
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click


@contextmanager
def step(title: str) -> Iterator[None]:
    """Show what is being done and how long it took."""
    started = time.monotonic()
    click.echo(f"  {title} … ", nl=False)
    yield
    click.echo(f"{time.monotonic() - started:.1f} s")


def table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
        click.echo(("  " + "   ".join(cells)).rstrip())


def _width(text: str) -> int:
    """Chinese characters take two columns of a terminal."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
