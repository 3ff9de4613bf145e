"""Cutting a file into lines, never holding more than a batch of them, from any place where an earlier run stopped."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

LONGEST_LINE: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """A line, its number from 1 and the offset where the next one begins. ``data`` None: longer than a line may be."""

    number: int
    data: bytes | None
    end: int


def digest_of(file: Path) -> bytes:
    """Return the SHA-256 by which a file is known again."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").digest()


def batches(file: BinaryIO, number: int, size: int) -> Iterator[list[Line]]:
    """Yield the lines of a file from its present position on, the first of which has this number."""
    lines = _lines(file, number)
    while batch := list(islice(lines, size)):
        yield batch


def holds(file: Path, is_wanted: Callable[[bytes], bool]) -> bool:
    """Tell whether any line of a file is wanted."""
    with file.open("rb") as opened:
        return any(line.data is not None and is_wanted(line.data) for line in _lines(opened, 1))


def _lines(file: BinaryIO, number: int) -> Iterator[Line]:
    end = file.tell()
    while data := file.readline(LONGEST_LINE + 1):
        end += len(data)
        if len(data) <= LONGEST_LINE:
            yield Line(number, data, end)
        else:
            # The rest of a line too long is passed over in pieces.
            while not data.endswith(b"\n") and (data := file.readline(LONGEST_LINE)):
                end += len(data)
            yield Line(number, None, end)
        number += 1
