"""What may be listed, in which form, and what is too wide for one officer's word (RFC 4291 §2.5.5.2)."""

import pytest

from idp.blocks.rules import is_wide, parse_address, parse_value
from idp.foundation.errors import UserError


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        ("network", "203.0.113.0/24", "203.0.113.0/24"),
        ("network", " 203.0.113.7 ", "203.0.113.7/32"),
        ("network", "2001:DB8::/32", "2001:db8::/32"),
        ("network", "2001:db8::7", "2001:db8::7/128"),
        ("network", "0.0.0.0/0", "0.0.0.0/0"),
        ("network", "::ffff:203.0.113.7", "203.0.113.7/32"),
        ("network", "::ffff:203.0.113.0/120", "203.0.113.0/24"),
        ("network", "::ffff:0:0/96", "0.0.0.0/0"),
        ("operator", "4134", "AS4134"),
        ("operator", "as004134", "AS4134"),
        ("device", "0190A0B0-0000-7000-8000-00000000000A", "0190a0b0-0000-7000-8000-00000000000a"),
        ("mail_domain", "@Example.COM.", "example.com"),
        ("mail_domain", "例子.cn", "xn--fsqu00a.cn"),
    ],
)
def test_a_value_has_one_form_however_it_is_typed(kind, typed, kept):
    assert parse_value(kind, typed) == kept


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("network", "203.0.113.7/24"),
        ("network", "203.0.113.0/255.255.255.0"),
        ("network", "203.0.113.0/0.0.0.255"),
        ("network", "203.0.113"),
        ("network", "3405803783"),
        ("network", "fe80::1%eth0"),
        ("network", "203.0.113.0/33"),
        ("network", ""),
        ("operator", "AS0"),
        ("operator", "4294967296"),
        ("operator", "9" * 5000),
        ("operator", "China Telecom"),
        ("operator", "٣"),
        ("device", "somebody's telephone"),
        ("mail_domain", "a@example.com"),
        ("mail_domain", "exa mple.com"),
        ("mail_domain", "203.0.113.7"),
        ("mail_domain", "." * 5),
        ("mail_domain", "a." * 200 + "com"),
        ("telephone", "138"),
    ],
)
def test_what_could_be_read_for_something_else_is_refused_in_words(kind, typed):
    with pytest.raises(UserError) as refused:
        parse_value(kind, typed)
    assert refused.value.field in {"kind", "value"}


def test_bits_that_are_set_are_answered_with_the_network_that_was_meant():
    with pytest.raises(UserError, match=r"203\.0\.113\.0/24"):
        parse_value("network", "203.0.113.7/24")


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("network", "203.0.0.0/16", False),
        ("network", "203.0.0.0/15", True),
        ("network", "0.0.0.0/0", True),
        ("network", "2001:db8::/32", False),
        ("network", "2001:d00::/24", True),
        ("network", "::/0", True),
        ("operator", "AS4134", True),
        ("device", "0190a0b0-0000-7000-8000-00000000000a", False),
        ("mail_domain", "example.com", False),
        ("mail_domain", "com", True),
        ("mail_domain", "com.cn", True),
        ("mail_domain", "bj.cn", True),
        ("mail_domain", "co.uk", True),
        ("mail_domain", "mail.com.cn", False),
        ("mail_domain", "mail.cn", False),
    ],
)
def test_what_many_people_may_be_behind_is_wide(kind, value, expected):
    assert is_wide(kind, value) is expected


def test_an_address_in_either_notation_is_one_address():
    assert parse_address("::ffff:203.0.113.7") == parse_address("203.0.113.7")
    assert parse_address("::ffff:cb00:7107") == parse_address("203.0.113.7")
    assert parse_address("unix:") is None
