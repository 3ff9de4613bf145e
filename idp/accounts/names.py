"""Personal names: their one written form, the split into family and given name, and how the two are put together again.

Chinese names take the family name first, of one character or one of the listed compound ones; names with an interpunct
(买买提·吐尔逊) have no family name to split off; names in Latin letters end with it. Pure.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final

LONGEST_NAME: Final = 100

_COMPOUND_NAMES: Final = """
    欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台
    皇甫 宗政 濮阳 公冶 太叔 申屠 公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘
    子车 亓官 司寇 巫马 公西 颛孙 壤驷 公良 漆雕 乐正 宰父 谷梁 拓跋 夹谷 轩辕 令狐
    段干 百里 呼延 东郭 南门 羊舌 微生 公户 公玉 公仪 梁丘 公仲 公上 公门 公山 公坚
    左丘 公伯 西门 公祖 第五 公乘 贯丘 公皙 南荣 东里 东宫 仲长 子书 子桑 即墨 淳于
    单于 叱干 达奚 纳兰 完颜 爱新觉罗 叶赫那拉
"""
_COMPOUND: Final = frozenset(_COMPOUND_NAMES.split())
_INTERPUNCTS = str.maketrans(dict.fromkeys("•・‧∙⋅･．", "·"))  # noqa: RUF001 - the signs that keyboards offer for it
_SPACES = re.compile(r"\s+")
_HAN_SIGN: Final = "[\u2e80-\u2fdf\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
_HAN: Final = re.compile(f"{_HAN_SIGN}+")
_HAN_GAP = re.compile(f"(?<={_HAN_SIGN}) (?={_HAN_SIGN})")
_RARE_PLANES: Final = range(0x20000, 0x40000)


@dataclass(frozen=True, slots=True)
class PersonalName:
    """A name and its parts; a part that cannot be told is None."""

    full: str = field(repr=False)
    family: str | None = field(repr=False)
    given: str | None = field(repr=False)


def parse_name(text: str) -> str | None:
    """Return a name in its one written form, None if it has signs that no name has (rule A8) or is too long."""
    if len(text) > LONGEST_NAME:
        return None
    name = unicodedata.normalize("NFC", _SPACES.sub(" ", text).strip()).translate(_INTERPUNCTS)
    name = _HAN_GAP.sub("", name)
    if not name or len(name) > LONGEST_NAME or not all(_may_stand_in_a_name(sign) for sign in name):
        return None
    return name


def split_name(full: str) -> PersonalName:
    """Return a name in its written form with its parts: 张三丰 is 张 and 三丰, 欧阳修 is 欧阳 and 修."""
    if _HAN.fullmatch(full):
        length = _family_length(full)
        return PersonalName(full, full[:length], full[length:] or None)
    if "·" in full or " " not in full:
        return PersonalName(full, None, full)
    given, _, family = full.rpartition(" ")
    return PersonalName(full, family, given)


def join_name(family: str | None, given: str | None) -> str:
    """Return the full name of two parts, in the order and with the space their script asks for."""
    parts = [part for part in (family, given) if part]
    if all(_HAN.fullmatch(part) for part in parts):
        return "".join(parts)
    return " ".join(reversed(parts))


def _family_length(name: str) -> int:
    for length in (4, 2):
        # A name of two characters such as 欧阳 leaves nothing to be given: it is 欧 with the given name 阳.
        if len(name) > length and name[:length] in _COMPOUND:
            return length
    return 1


def _may_stand_in_a_name(sign: str) -> bool:
    category = unicodedata.category(sign)
    if category[0] in "LM" or sign in " ·'’-.":
        return True
    # Rare characters of real names are in newer Unicode than Python may know.
    return sign == "\N{IDEOGRAPHIC NUMBER ZERO}" or (category == "Cn" and ord(sign) in _RARE_PLANES)
