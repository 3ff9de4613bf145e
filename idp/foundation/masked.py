"""Values that must not be printed by accident: their text form is a mask, the value is asked for by name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Masked:
    """A secret or personal text. ``str`` and ``repr`` show a mask; ``reveal()`` gives the value."""

    _value: str

    def reveal(self) -> str:
        return self._value

    def __str__(self) -> str:
        return "****"

    def __repr__(self) -> str:
        return "Masked(****)"

    def __bool__(self) -> bool:
        return bool(self._value)


def mask_middle(text: str, keep_start: int, keep_end: int) -> str:
    """Return the text with its middle starred: ``138****5678``. A text too short to hide anything is starred whole."""
    hidden = len(text) - keep_start - keep_end
    if hidden <= 0:
        return "*" * len(text)
    return text[:keep_start] + "*" * hidden + (text[-keep_end:] if keep_end else "")


def mask_name(name: str) -> str:
    """Return a personal name with only its ends shown: 张*三, 王*, J***n."""
    return name[:1] + "*" if len(name) <= 2 else mask_middle(name, 1, 1)  # noqa: PLR2004 - two characters: 王*


def mask_phone(number: str) -> str:
    """Return a phone number as 138****5678; a country code stays in front."""
    local = number[-11:]
    return number[:-11] + mask_middle(local, 3, 4)


def mask_email(address: str) -> str:
    """Return z***@example.cn: the domain and the first character stay."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"


def mask_id_number(number: str) -> str:
    """Return a resident identity number as 110***********001X."""
    return mask_middle(number, 3, 4)
