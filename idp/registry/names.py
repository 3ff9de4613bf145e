"""Displayed names (rule A8): NFC, no control, format or bidirectional characters, and unique by confusable skeleton.

The skeleton follows the idea of Unicode TS #39 §4 with the part of its table that matters beside Chinese: Latin against
Cyrillic, Greek, full-width letters, digits and punctuation. Pure.
"""
# ruff: noqa: RUF001 - the table of look-alikes is made of them

import unicodedata

from idp.foundation.translation import said

LONGEST_NAME = 60
_RESERVED = ("统一身份认证平台", "Unified Identity Provider")
# Each sign looks like the one below it: Cyrillic, Greek, Latin, then signs among Chinese characters.
_CONFUSABLE = str.maketrans(
    "авеёкмнорстухѕіјԁԛԝгпзьһ" + "αβγεηικμνορτυχωζ" + "01i|ı582ɑɡ〇丨ー",
    "abeekmhopctyxsijdqwrn3bh" + "abyenlkuvoptuxwz" + "ollllsbzagol一",
)
_INVISIBLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_SEQUENCES = (("rn", "m"), ("vv", "w"), ("cl", "d"))


def problem_of_name(name: str) -> str | None:
    """Return what is wrong with a displayed name, None if nothing is."""
    look = skeleton(name)
    problems = (
        (not name or name != name.strip(), said("must not be empty, nor begin or end with a space")),
        (len(name) > LONGEST_NAME, said("is longer than %(longest_name)s characters", longest_name=LONGEST_NAME)),
        (unicodedata.normalize("NFC", name) != name, said("is not in Unicode normal form C")),
        (
            any(unicodedata.category(sign) in _INVISIBLE for sign in name),
            said("holds invisible or text-direction characters"),
        ),
        (not look, said("holds no letter or digit")),
        (look in _RESERVED_SKELETONS, said("is the name of this service itself")),
    )
    return next((text for applies, text in problems if applies), None)


def skeleton(name: str) -> str:
    """Return what is left of a name when everything a reader may overlook is taken away. Equal skeletons look alike."""
    folded = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(character for character in folded if unicodedata.category(character)[0] in {"L", "N"})
    # Twice, because a Cyrillic letter looks like a Latin one that looks like a digit.
    mapped = letters.translate(_CONFUSABLE).translate(_CONFUSABLE)
    for sequence, single in _SEQUENCES:
        mapped = mapped.replace(sequence, single)
    return mapped or letters


_RESERVED_SKELETONS = frozenset(skeleton(name) for name in _RESERVED)
