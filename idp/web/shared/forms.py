"""What people type, made comparable: trimmed, full-width digits folded, blanks and hyphens out of codes, lengths
bounded.

A password is never changed (ASVS 6.2.8). What no form of ours can send, such as a NUL, a value past its bound or a
field twice, is a bad request; what a person can correct is for the view to say. Bounds are in characters.
"""

import re
import unicodedata
from typing import Final
from uuid import UUID

from flask import Request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

LARGEST_BODY: Final = 64 * 1024
LONGEST_TEXT: Final = 200
LONGEST_PASSWORD: Final = 1024
LONGEST_CODE: Final = 64
LONGEST_CREDENTIAL: Final = 16 * 1024
MOST_CHOICES: Final = 100

# Spaces of every width, zero-width characters that come with pasting, and every dash people use as a hyphen.
_SEPARATING = r"\s\u200b-\u200d\u2060\ufeff\u2010-\u2015\u2212-"
_SEPARATORS = re.compile(f"[{_SEPARATING}]+")
# Unicode's explicit directional marks, embeddings, overrides and isolates (UAX #9 §2).
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_NUMBER_AS_TYPED = re.compile(f"\\+?[0-9{_SEPARATING}]+[Xx]?")


class Form:
    """The fields of one request, each read through the rule of its kind; a missing field is the empty text."""

    def __init__(self, fields: MultiDict[str, str]) -> None:
        self._fields = fields

    def text(self, name: str, longest: int = LONGEST_TEXT) -> str:
        """Return a line of text, NFC and trimmed, without the signs that turn round what stands behind them."""
        return _DIRECTIONS.sub("", unicodedata.normalize("NFC", self._single(name, longest))).strip()

    def identifier(self, name: str) -> str:
        """Return a user name, phone number or ID number; numbers lose the blanks and hyphens people put into them."""
        value = unicodedata.normalize("NFKC", self._single(name, LONGEST_TEXT)).strip()
        return _SEPARATORS.sub("", value).upper() if _NUMBER_AS_TYPED.fullmatch(value) else value

    def code(self, name: str) -> str:
        """Return a one-time or recovery code: half width, upper case, no blanks, no hyphens, no leading #."""
        value = unicodedata.normalize("NFKC", self._single(name, LONGEST_CODE))
        return _SEPARATORS.sub("", value).removeprefix("#").upper()

    def password(self, name: str) -> str:
        """Return a password exactly as typed."""
        return self._single(name, LONGEST_PASSWORD)

    def ticked(self, name: str) -> bool:
        """Say whether a checkbox was ticked."""
        return bool(self._single(name, LONGEST_TEXT))

    def choices(self, name: str) -> tuple[str, ...]:
        """Return the values of the ticked boxes of one group."""
        values = self._fields.getlist(name)
        if len(values) > MOST_CHOICES:
            raise BadRequest
        return tuple(_bounded(value, LONGEST_TEXT) for value in values)

    def _single(self, name: str, longest: int) -> str:
        values = self._fields.getlist(name)
        if len(values) > 1:
            raise BadRequest
        return _bounded(values[0], longest) if values else ""


NOTHING_TYPED: Final = Form(MultiDict())
"""What a form holds before anybody has typed into it."""


def read_form(request: Request) -> Form:
    """Return the form of a request; bodies past ``LARGEST_BODY`` are refused while they are read."""
    return Form(request.form)


def uuid_of(text: str) -> UUID | None:
    """Return the identifier that a text is; None if it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _bounded(value: str, longest: int) -> str:
    if len(value) > longest or "\0" in value or "\ufffd" in value:
        raise BadRequest
    return value
