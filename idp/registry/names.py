"""Displayed names (rule A8): NFC, no control, format or bidirectional characters, and unique by confusable skeleton.

The skeleton follows the idea of Unicode TS #39 §4 with the part of its table that matters beside Chinese: Latin against
scripts that share its shapes, Katakana and Bopomofo that are drawn like characters, characters told apart by one
stroke, full-width letters, digits and punctuation. Pure.
"""
# ruff: noqa: RUF001 - the table of look-alikes is made of them

import re
import unicodedata

LONGEST_NAME = 60
# What is drawn as nothing although it counts as a letter, a mark or a symbol: fillers of Hangul and Khitan, marks
# that only choose a shape, the blank pattern of Braille.
_BLANK = re.compile(
    "[\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u2800\\u3164\\ufe00-\\ufe0f\\uffa0"
    "\\U00016fe4\\U0001d159\\U000e0100-\\U000e01ef]"
)
_RESERVED = ("统一身份认证平台", "Unified Identity Provider")
# Each sign looks like the one below it.
_LOOK_ALIKE = (
    # Cyrillic, Greek, Latin and digits.
    ("авеёкмнорстухѕіјԁԛԝгпзьһ", "abeekmhopctyxsijdqwrn3bh"),
    ("αβγεηικμνορτυχωζ", "abyenlkuvoptuxwz"),
    ("01i|ı582ɑɡ", "ollllsbzag"),
    # Small capitals, Armenian, Cherokee and Lisu.
    ("ᴀᴄᴇɢʜᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "aceghjklmnoprstuvwyz"),
    ("աոսցհօցք", "wnughogp"),
    ("ᎪᏴᏟᎠᎬᎻᎫᏦᏞᎷᏢᎡᏚᎢᏙᎳᏃᏀ", "abcdehjklmprstvwzg"),
    ("ꓮꓐꓚꓓꓰꓝꓖꓧꓲꓙꓗꓡꓟꓠꓳꓑꓣꓢꓔꓴꓦꓪꓫꓬꓜ", "abcdefghljklmnoprstuvwxyz"),
    # Signs, Katakana and Bopomofo among Chinese characters.
    ("〇丨ー", "ol一"),
    ("エオカタチトニヌノハヒムロ", "工才力夕千卜二又丿八匕厶口"),
    ("ㄧㄒㄚㄠㄥ", "一丅丫幺乚"),
    # Characters that differ in the length of a stroke, or in how a stroke is drawn.
    ("曰囗士末已巳入夭囯稅戶戸內黃靑淸", "日口土未己己人天国税户户内黄青清"),
)
_CONFUSABLE = str.maketrans("".join(signs for signs, _ in _LOOK_ALIKE), "".join(seen for _, seen in _LOOK_ALIKE))
_INVISIBLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_SEQUENCES = (("rn", "m"), ("vv", "w"), ("cl", "d"))


def problem_of_name(name: str) -> str | None:
    """Return what is wrong with a displayed name, None if nothing is."""
    look = skeleton(name)
    problems = (
        (not name or name != name.strip(), "must not be empty, nor begin or end with a space"),
        (len(name) > LONGEST_NAME, f"is longer than {LONGEST_NAME} characters"),
        (unicodedata.normalize("NFC", name) != name, "is not in Unicode normal form C"),
        (
            _BLANK.search(name) or any(unicodedata.category(sign) in _INVISIBLE for sign in name),
            "holds invisible or text-direction characters",
        ),
        (not look, "holds no letter or digit"),
        (look in _RESERVED_SKELETONS, "is the name of this service itself"),
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
