"""What people type becomes one identifier, whatever their keyboard, their phone or their clipboard made of it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.identifiers import parse_id_number, parse_identifier, parse_phone, parse_uscc, parse_username
from tests.accounts.people import credit_code, id_number, wide

TODAY = date(2026, 3, 2)
ANY_TEXT = st.text(st.characters(), max_size=200)
MOBILE = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)


@pytest.mark.parametrize(
    "typed",
    [
        "13800138000",
        "138 0013 8000",
        "138-0013-8000",
        wide("13800138000"),
        wide("+86") + "\u3000138 0013 8000",
        "+8613800138000",
        "008613800138000",
        "8613800138000",
        "\u202d13800138000\u202c",
        " 138\u200b00138000\t",
    ],
)
def test_every_way_to_write_a_mobile_number_is_the_same_identifier(typed):
    assert parse_identifier(typed).kind == "phone"
    assert parse_identifier(typed).value == "+8613800138000"


@pytest.mark.parametrize(
    "typed",
    ["11010519491231002X", "11010519491231002x", wide("11010519491231002X"), "110105 19491231 002X"],
)
def test_every_way_to_write_an_id_number_is_the_same_identifier(typed):
    identifier = parse_identifier(typed)
    assert (identifier.kind, identifier.value) == ("id_number", "11010519491231002X")


@pytest.mark.parametrize(
    ("typed", "value"), [("ZhangSan", "zhangsan"), (wide("ZhangSan") + " ", "zhangsan"), ("张三", "张三")]
)
def test_a_username_is_found_without_regard_to_case_and_width(typed, value):
    assert (parse_identifier(typed).kind, parse_identifier(typed).value) == ("username", value)


@given(ANY_TEXT)
def test_any_input_at_all_is_some_identifier_that_a_database_takes(text):
    value = parse_identifier(text).value
    assert "\0" not in value
    value.encode()
    assert parse_identifier(value).value == value or parse_identifier(text).kind == "username"


@given(ANY_TEXT)
def test_a_username_is_its_own_normal_form_and_never_looks_like_a_number(text):
    username = parse_username(text)
    if username is not None:
        assert parse_username(username) == username
        assert parse_identifier(text).kind == "username"
        assert parse_identifier(text).value == username


@given(MOBILE, st.sampled_from(["", "+86", "0086", "86", "+86 "]), st.booleans())
def test_a_mobile_number_has_one_normal_form(digits, prefix, is_wide):
    typed = prefix + (wide(digits) if is_wide else digits)
    assert parse_phone(typed) == f"+86{digits}"


@pytest.mark.parametrize(
    ("typed", "value"),
    [("+852 5123 4567", "+85251234567"), ("+44 07911 123456", "+447911123456"), ("0085251234567", "+85251234567")],
)
def test_foreign_numbers_need_their_country_code(typed, value):
    assert parse_phone(typed) == value


@pytest.mark.parametrize(
    "typed", ["010-12345678", "+86 10 1234 5678", "12800138000", "1380013800", "138001380000", "+999123456789", ""]
)
def test_what_cannot_receive_a_code_is_no_phone_number(typed):
    assert parse_phone(typed) is None


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "1zhang",
        "13800138000",
        "11010519491231002X",
        "zh\u0430ngsan",  # a Cyrillic letter
        "zhang san",
        "zhang@san",
        "zhang\0san",
        "+zhang",
        "\u03bf",
        "a" * 65,
        "",
    ],
)
def test_usernames_of_foreign_letters_or_the_form_of_numbers_are_refused(text):
    # Rule A8: no two usernames look alike.
    assert parse_username(text) is None


def test_direction_marks_never_become_part_of_a_username():
    assert parse_username("zhang\u202esan\u202c") == "zhangsan"


@given(
    st.integers(0, 999),
    st.dates(date(1900, 1, 1), TODAY),
    st.sampled_from(["110105", "500101", "810000", "830000", "911840"]),
)
def test_an_id_number_tells_birth_date_and_gender(order, born, region):
    # Chongqing and Hong Kong got their codes in 1997, and residents born before have them nevertheless.
    number = parse_id_number(id_number(order, region=region, born=born), TODAY)
    assert number is not None
    assert number.birthdate == born
    assert number.gender == ("male" if order % 2 else "female")


@given(st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_in_an_id_number_is_found(place, shift):
    right = "11010519491231002X"
    digit = (int(right[place]) + shift) % 10
    assert parse_id_number(right[:place] + str(digit) + right[place + 1 :], TODAY) is None


def test_id_numbers_of_no_region_no_date_or_the_future_are_refused():
    assert parse_id_number(id_number(region="190105"), TODAY) is None
    assert parse_id_number(id_number(born=date(2026, 3, 3)), TODAY) is None
    from stdnum.cn import ric

    wrong_date = "11010519490230002"
    assert parse_id_number(wrong_date + ric.calc_check_digit(wrong_date + "0"), TODAY) is None


def test_credit_codes_are_checked_and_village_collectives_have_them_too():
    assert parse_uscc("9111 0000 6000 3734 1l") == "91110000600037341L"
    assert parse_uscc("911100006000373411") is None
    collective = credit_code(7, start="N2370829")
    assert parse_uscc(collective) == collective


def test_the_text_form_of_an_identifier_does_not_show_the_number():
    assert "13800138000" not in repr(parse_identifier("13800138000"))
    assert "19491231" not in repr(parse_id_number("11010519491231002X", TODAY))
