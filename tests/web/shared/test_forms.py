"""What people type is made comparable, and what no form can send is refused."""

import pytest
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from idp.web.shared.forms import Form


def form(*pairs):
    return Form(MultiDict(pairs))


def test_text_turns_nothing_round_on_the_page_that_shows_it():
    """Rule A8: a key called so would have the question whether to remove it read backwards."""
    assert form(("label", "手机\u202e\u2067x\u2069\u200f")).text("label") == "手机x"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("138 0000 5678", "13800005678"),
        ("１３８００００５６７８", "13800005678"),  # noqa: RUF001 - full-width digits
        (" +86-138-0000-5678 ", "+8613800005678"),
        ("138\u20110000\u20115678", "13800005678"),
        ("\u200b13800005678\ufeff", "13800005678"),
        ("110105 19491231 002x", "11010519491231002X"),
        ("zhang-san", "zhang-san"),
        ("张 三", "张 三"),
        ("  wang.wu ", "wang.wu"),
        ("", ""),
    ],
)
def test_identifier_loses_what_people_put_between_digits_only(typed, read):
    assert form(("username", typed)).identifier("username") == read


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("123456", "123456"),
        (" 123 456 ", "123456"),
        ("１２３４５６", "123456"),  # noqa: RUF001 - full-width digits
        ("#123456", "123456"),
        ("k7qm-4xwb-0trp-9hgc", "K7QM4XWB0TRP9HGC"),
        ("k7qm—4xwb\uff0d0trp 9hgc", "K7QM4XWB0TRP9HGC"),
        ("", ""),
    ],
)
def test_code_is_read_as_it_was_meant(typed, read):
    # WCAG 3.3.8: pasting and typing as printed must work.
    assert form(("code", typed)).code("code") == read


@pytest.mark.parametrize("password", [" trailing ", "\uff11\uff12\uff13", "a\u0301", "密码 " * 50])
def test_password_is_read_exactly_as_typed(password):
    # ASVS 6.2.8
    assert form(("password", password)).password("password") == password


def test_text_is_trimmed_and_composed():
    assert form(("label", " e\u0301 ")).text("label") == "é"


@pytest.mark.parametrize("value", ["a\0b", "a\ufffdb", "a" * 2000])
@pytest.mark.parametrize("kind", ["text", "identifier", "code", "password", "ticked", "choices"])
def test_what_no_form_of_ours_sends_is_refused(kind, value):
    with pytest.raises(BadRequest):
        getattr(form(("field", value)), kind)("field")


def test_field_given_twice_is_refused_but_boxes_may_repeat():
    twice = form(("claim", "email"), ("claim", "address"))
    assert twice.choices("claim") == ("email", "address")
    with pytest.raises(BadRequest):
        twice.text("claim")
    with pytest.raises(BadRequest):
        form(*[("claim", str(number)) for number in range(101)]).choices("claim")


def test_missing_field_is_empty():
    empty = form()
    assert empty.password("password") == empty.code("code") == empty.text("label") == ""
    assert empty.choices("claim") == ()
    assert not empty.ticked("remember")
    assert form(("remember", "yes")).ticked("remember")
