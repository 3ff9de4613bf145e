"""Names as people in China have them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.names import join_name, parse_name, split_name


@pytest.mark.parametrize(
    ("full", "family", "given_name"),
    [
        ("张三丰", "张", "三丰"),
        ("张三", "张", "三"),
        ("欧阳修", "欧阳", "修"),
        ("司马相如", "司马", "相如"),
        ("欧阳", "欧", "阳"),
        ("王", "王", None),
        ("爱新觉罗溥仪", "爱新觉罗", "溥仪"),
        ("买买提·吐尔逊", None, "买买提·吐尔逊"),
        ("John Ronald Smith", "Smith", "John Ronald"),
        ("Sukarno", None, "Sukarno"),
        ("𫝆三", "𫝆", "三"),
    ],
)
def test_a_name_is_split_as_its_script_asks(full, family, given_name):
    name = split_name(full)
    assert (name.family, name.given) == (family, given_name)


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("张 三", "张三"),
        ("  张三　", "张三"),
        ("阿卜杜拉•买买提", "阿卜杜拉·买买提"),
        ("John  Smith", "John Smith"),
        ("O’Brien Pat", "O’Brien Pat"),
        ("\U0002ebf1三", "\U0002ebf1三"),
    ],
)
def test_a_name_has_one_written_form(typed, written):
    assert parse_name(typed) == written


@pytest.mark.parametrize(
    "typed", ["", " ", "张三1", "李\u202e四", "李\0四", "李\u200b四", "<b>李四</b>", "=李四", "李" * 101, "\ud800"]
)
def test_signs_that_no_name_has_are_refused(typed):
    assert parse_name(typed) is None


@given(st.text(max_size=120))
def test_the_written_form_stays_as_it_is(text):
    name = parse_name(text)
    if name is not None:
        assert parse_name(name) == name
        parts = split_name(name)
        assert join_name(parts.family, parts.given) == name
