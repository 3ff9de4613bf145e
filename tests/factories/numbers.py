"""Numbers that pass every check and belong to nobody: resident ID numbers, social credit codes, telephones."""

import itertools
from datetime import date

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_counter = itertools.count(1)


def id_number(birthdate: date = date(1990, 3, 7), *, is_male: bool = True) -> str:
    """Return a resident ID number (GB 11643) of Dongcheng, Beijing, another one in each call."""
    sequence = next(_counter) * 2 % 998 + (1 if is_male else 2)
    digits = f"110101{birthdate:%Y%m%d}{sequence:03}"
    return digits + _CHECKS[sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % 11]


def uscc() -> str:
    """Return a unified social credit code (GB 32100) of a company, another one in each call."""
    digits = f"91110101MA{next(_counter):07}"[:17]
    total = sum(_ALPHABET.index(sign) * pow(3, place, 31) for place, sign in enumerate(digits))
    return digits + _ALPHABET[(31 - total % 31) % 31]


def phone() -> str:
    """Return a Chinese mobile number, another one in each call."""
    return f"138{next(_counter):08}"
