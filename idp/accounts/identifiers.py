"""What a person types to say who they are: a username, a phone number or a resident ID number, each in its one normal
form.

``parse_identifier`` never refuses, because a refusal would tell something (rule S4); text of no known shape is a
username that no account can have. The validating functions are for opening accounts. Pure; python-stdnum (GB 11643, GB
32100) and phonenumbers are imported where they are used, because a start would pay for them.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Final, Literal

IdentifierKind = Literal["username", "phone", "id_number"]
Gender = Literal["male", "female"]

LONGEST_USERNAME: Final = 64
_LONGEST_TYPED = 128
_EARLIEST_BIRTH: Final = date(1850, 1, 1)
_UNUSABLE = "\N{REPLACEMENT CHARACTER}"
_SPACING = re.compile(r"[\s\-‐-―−·.()]+")  # noqa: RUF001 - dashes that phones and copied tables put between groups of digits
_ID_NUMBER = re.compile(r"[1-9][0-9]{16}[0-9X]")
_CHINESE_MOBILE = re.compile(r"(?:(?:\+|00)?86)?(1[3-9][0-9]{9})")
_INTERNATIONAL = re.compile(r"(?:\+|00)([1-9][0-9]{6,14})")
_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af"
_USERNAME = re.compile(rf"[a-z{_HAN}][a-z0-9._{_HAN}-]{{1,{LONGEST_USERNAME - 1}}}")
_USCC = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")


@dataclass(frozen=True, slots=True)
class Identifier:
    """What was typed, in its normal form. A username is not personal enough to mask, a number is."""

    kind: IdentifierKind
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class IDNumber:
    """A valid resident identity number and what it says of its holder."""

    value: str = field(repr=False)
    birthdate: date = field(repr=False)
    gender: Gender = field(repr=False)


def parse_identifier(text: str) -> Identifier:
    """Return what a person typed at sign-in as the identifier it looks like."""
    folded = _folded(text[:_LONGEST_TYPED])
    digits = _SPACING.sub("", folded)
    if _ID_NUMBER.fullmatch(digits.upper()):
        return Identifier("id_number", digits.upper())
    phone = parse_phone(digits)
    if phone is not None:
        return Identifier("phone", phone)
    return Identifier("username", folded.casefold()[:_LONGEST_TYPED])


def parse_username(text: str) -> str | None:
    """Return the normal form of a username, None if it cannot be one.

    Letters of one kind only, ASCII or Han, with digits and ``. _ -`` after the first letter: no two usernames look
    alike because of foreign letters, direction marks or width (rule A8), and none looks like a phone number or an ID
    number.
    """
    if len(text) > _LONGEST_TYPED:
        return None
    username = _folded(text).casefold()
    return username if _USERNAME.fullmatch(username) else None


def parse_phone(text: str) -> str | None:
    """Return a phone number as E.164, None if it is not one. Without a country code it is a mainland mobile number."""
    digits = _SPACING.sub("", _folded(text[:_LONGEST_TYPED]))
    chinese = _CHINESE_MOBILE.fullmatch(digits)
    if chinese:
        return "+86" + chinese[1]
    foreign = _INTERNATIONAL.fullmatch(digits)
    # A landline of mainland China receives no code.
    if foreign is None or foreign[1].startswith("86"):
        return None
    return _foreign_phone("+" + foreign[1])


def parse_id_number(text: str, today: date) -> IDNumber | None:
    """Return a resident identity number (GB 11643), None if its form, birth date, region or check digit is wrong.

    Also the 18-place numbers of residents from Hong Kong, Macao and Taiwan (81, 82, 83) and of foreign permanent
    residents (9).
    """
    number = _SPACING.sub("", _folded(text[:_LONGEST_TYPED])).upper()
    if not _ID_NUMBER.fullmatch(number):
        return None
    from stdnum.cn import ric

    # ric.validate() also wants the county to have existed in the year of birth; but a number is given at registration,
    # often decades later, so that it refuses real people born before 1997 in Chongqing, Hong Kong and others.
    if number[-1] != ric.calc_check_digit(number) or not _is_region(number[:2]):
        return None
    found = read_id_number(number)
    return found if found is not None and _EARLIEST_BIRTH <= found.birthdate <= today else None


def read_id_number(number: str) -> IDNumber | None:
    """Return what an ID number in its normal form says of its holder, None if that is no date."""
    try:
        birthdate = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None
    return IDNumber(number, birthdate, "male" if int(number[16]) % 2 else "female")


def parse_uscc(text: str) -> str | None:
    """Return a unified social credit code (GB 32100), None if its form or check character is wrong."""
    code = _SPACING.sub("", _folded(text[:_LONGEST_TYPED])).upper()
    if not _USCC.fullmatch(code):
        return None
    from stdnum.cn import uscc

    # uscc.validate() refuses the codes of village collectives, which begin with a letter (N2).
    return code if code[-1] == uscc.calc_check_digit(code) else None


def _folded(text: str) -> str:
    """Return text in NFKC (full-width digits and letters become plain), without the invisible marks that copying leaves
    in it.

    Control characters and lone surrogates become a sign that no identifier has: a database driver would refuse them,
    and to drop them would let a stranger's input pass for a name.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    visible = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
    normal = unicodedata.normalize("NFKC", visible).strip()
    return "".join(_UNUSABLE if unicodedata.category(sign) in {"Cc", "Cs"} else sign for sign in normal)


def _foreign_phone(number: str) -> str | None:
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=100)
def _is_region(code: str) -> bool:
    from stdnum import numdb

    if code == "83" or code.startswith("9"):
        return True
    return any("province" in properties for _digits, properties in numdb.get("cn/loc").info(code))
