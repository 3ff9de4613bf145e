"""Which passwords may be chosen (NIST SP 800-63B-4 §3.1.1.2, ASVS 6.2): long enough, and not among those that are tried
first.

No composition rules and no forced change. Refused are what zxcvbn, taught our Chinese list, thinks quickly guessed,
what is made of a few listed words and numbers, resident ID numbers, and what is mostly the person's own names and
numbers or the service's. Pure.
"""

import re
import threading
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

from idp.factors.password_hashing import normalized
from idp.foundation.translation import marked

LEAST_ALONE: Final = 15
LEAST_WITH_SECOND_FACTOR: Final = 8
MOST: Final = 128

# Where zxcvbn's score 3 begins, less the five guesses by which it would make any eight characters impossible.
_LEAST_GUESSES = 10**8
_MOST_PARTS = 3
_LEAST_LEFT = 8
_LEAST_WORD = 3
_LEAST_HAN = 2
_WORDS = Path(__file__).with_name("common_passwords.txt")
_SERVICE = (
    "zhengwu",
    "tongyi",
    "shenfen",
    "renzheng",
    "shenfenrenzheng",
    "tongyishenfen",
    "统一身份",
    "身份认证",
    "政务",
)
_SEPARATORS = re.compile(r"[\W_]+")
_ID_NUMBER = re.compile(r"[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dx]", re.ASCII)
_YEAR_OR_DATE = re.compile(
    r"(?:19|20)\d\d(?:(?:0?[1-9]|1[0-2])(?:0?[1-9]|[12]\d|3[01])?)?|\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
    r"|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|\d{1,2}|(.)\1*",
    re.ASCII,
)
_teaching = threading.Lock()
_LEET = str.maketrans("@4301$5!7", "aaeoissit")
# zxcvbn tries every combination of the signs that may stand for a letter, over every part of the password: with all of
# its own table a hostile one takes a minute. With these there are eight combinations.
_SUBSTITUTES: Final = {"a": "4@", "b": "8", "c": "(", "e": "3", "g": "9", "i": "1!", "l": "|", "o": "0", "s": "$5"} | {
    "t": "7",
    "x": "%",
    "z": "2",
}


@dataclass(frozen=True, slots=True)
class PasswordProblem:
    """Why a password may not be chosen, as a translatable sentence that says what to do."""

    message: str
    values: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PasswordContext:
    """What others may know of the person: such words and numbers make a bad password. Shown to nobody."""

    words: tuple[str, ...] = field(default=(), repr=False)
    numbers: tuple[str, ...] = field(default=(), repr=False)


_NOTHING_KNOWN: Final = PasswordContext()


def problem_with(
    password: str, *, has_second_factor: bool, context: PasswordContext = _NOTHING_KNOWN
) -> PasswordProblem | None:
    """Return the first reason against a password, or None."""
    text = normalized(password)
    least = least_length(has_second_factor=has_second_factor)
    if len(text) < least:
        return PasswordProblem(
            marked("Use at least %(count)s characters. A short sentence works well."), {"count": least}
        )
    if len(text) > MOST:
        return PasswordProblem(marked("Use at most %(count)s characters."), {"count": MOST})
    if any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in text):
        return PasswordProblem(marked("Leave out control characters, such as tabs."))
    return _known_of_person(text, context) or _commonness(text)


def least_length(*, has_second_factor: bool) -> int:
    """Return how many characters a new password must have."""
    return LEAST_WITH_SECOND_FACTOR if has_second_factor else LEAST_ALONE


def is_short(password: str) -> bool:
    """Tell whether a password may not stand alone, and needs its second factor (rule S7)."""
    return len(normalized(password)) < LEAST_ALONE


def _known_of_person(text: str, context: PasswordContext) -> PasswordProblem | None:
    plain = _plain(text)
    if _ID_NUMBER.search(_SEPARATORS.sub("", text.casefold())):
        return PasswordProblem(marked("Leave out identity numbers. Others may know them."))
    digits = "".join(sign for sign in text if sign.isdigit())
    if any(len(number) >= _LEAST_LEFT and number[-_LEAST_LEFT:] in digits for number in map(_digits, context.numbers)):
        return PasswordProblem(marked("Leave out your phone number or other numbers of yours. Others may know them."))
    if _left_without(plain, context.words) < _LEAST_LEFT:
        return PasswordProblem(marked("Do not build the password from your name or username."))
    if _left_without(plain, _SERVICE) < _LEAST_LEFT:
        return PasswordProblem(marked("Do not build the password from the name of this service."))
    return None


def _commonness(text: str) -> PasswordProblem | None:
    too_common = PasswordProblem(marked("This password is too common. Choose one that others would not think of."))
    if _is_listed(_plain(text)) or _is_listed(_plain(text).translate(_LEET)):
        return too_common
    return too_common if _guesses(text) < _LEAST_GUESSES else None


def _left_without(plain: str, words: Iterable[str]) -> int:
    """Return how much of a password is left when words, and the years and numbers beside them, are taken out.

    A password without any of the words is left whole, however short.
    """
    rest = plain
    for word in sorted({_plain(word) for word in words}, key=len, reverse=True):
        if len(word) >= (_LEAST_WORD if word.isascii() else _LEAST_HAN):
            rest = rest.replace(word, "\0")
    if rest == plain:
        return max(len(plain), _LEAST_LEFT)
    return len(re.sub(r"\0|\d{1,8}(?=\0|$)|(?<=\0)\d{1,8}", "", rest))


def _is_listed(plain: str) -> bool:
    """Tell whether the whole is at most three listed words, years, dates or runs of one sign, one after the other."""
    words = _word_list()
    fewest = {0: 0}
    for end in range(1, len(plain) + 1):
        for start in range(max(0, end - 24), end):
            parts = fewest.get(start, _MOST_PARTS) + 1
            if parts <= min(_MOST_PARTS, fewest.get(end, _MOST_PARTS)) and _is_part(plain[start:end], words):
                fewest[end] = parts
    return fewest.get(len(plain), _MOST_PARTS + 1) <= _MOST_PARTS


def _is_part(part: str, words: frozenset[str]) -> bool:
    return part in words or _YEAR_OR_DATE.fullmatch(part) is not None


def _guesses(text: str) -> int:
    """Return how many guesses zxcvbn thinks are needed. Imported here, because its word lists are megabytes that few
    need.
    """
    from zxcvbn import matching, zxcvbn

    # Its tables are module globals that threads share, and it adds user_inputs to the dictionaries at the first call:
    # that key, our list and our substitutes are put there before anyone reads.
    with _teaching:
        if "idp" not in matching.RANKED_DICTIONARIES:
            matching.L33T_TABLE.update({letter: list(signs) for letter, signs in _SUBSTITUTES.items()})
            matching.RANKED_DICTIONARIES["user_inputs"] = {}
            matching.RANKED_DICTIONARIES["idp"] = {word: rank for rank, word in enumerate(_ranked_words(), start=1)}
    return int(zxcvbn(text, max_length=MOST)["guesses"])


@lru_cache(maxsize=1)
def _word_list() -> frozenset[str]:
    return frozenset(word for word in _ranked_words() if len(word) >= _LEAST_WORD)


@lru_cache(maxsize=1)
def _ranked_words() -> tuple[str, ...]:
    """Return every word, the most used first: the listed ones, and full names joined from surname and given name."""
    sections: dict[str, list[str]] = {}
    words: list[str] = []
    for line in _WORDS.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            words = sections.setdefault(line.strip("[]"), [])
        elif not line.startswith("#"):
            words.extend(line.split())
    names = [surname + given for given in sections["given"] for surname in sections["surnames"]]
    listed = [*sections["phrases"], *sections["numbers"], *sections["places"], *sections["given"], *names]
    return tuple(dict.fromkeys(listed))


def _plain(text: str) -> str:
    """Return text without case, width, separators."""
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text).casefold())


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isdigit())
