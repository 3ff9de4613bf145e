"""Reading registration files."""

import tracemalloc
from pathlib import Path

import pytest

from idp.registry.errors import RegistrationUnreadable
from idp.registry.files import parse_registration, read_registration, substitute


def test_toml_and_json_say_the_same(tmp_path: Path):
    (tmp_path / "tax.toml").write_text('client_id = "tax"\n"client_name#en" = "Tax"\n[policy]\nagency = "t"\n')
    (tmp_path / "tax.json").write_text('{"client_id": "tax", "client_name#en": "Tax", "policy": {"agency": "t"}}')
    assert read_registration(tmp_path / "tax.toml") == read_registration(tmp_path / "tax.json")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("tax.toml", b"client_id = ", "is not valid TOML"),
        ("tax.json", b"{", "is not valid JSON"),
        ("tax.json", b"[1]", "must hold one registration"),
        ("tax.toml", b"\xff\xfe", "is not UTF-8"),
        ("tax.toml", 'client_name = "健康档案"'.encode("gbk"), "is not UTF-8"),
        ("tax.json", '{"client_name": "健康档案"}'.encode("gbk"), "is not UTF-8"),
        ("tax.toml", b"a = " + b"[" * 100_000, "is not valid TOML"),
        ("tax.toml", b"#" * 300_000, "larger than"),
    ],
)
def test_unreadable_file_is_refused_with_its_name(tmp_path: Path, name: str, content: bytes, words: str):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RegistrationUnreadable, match=words) as caught:
        read_registration(tmp_path / name)
    assert str(caught.value).startswith(str(tmp_path / name))


@pytest.mark.parametrize(("name", "content"), [("tax.toml", 'client_id = "tax"'), ("tax.json", '{"client_id": "tax"}')])
def test_byte_order_mark_is_no_fault(tmp_path: Path, name: str, content: str):
    (tmp_path / name).write_text(content, encoding="utf-8-sig")
    assert read_registration(tmp_path / name) == {"client_id": "tax"}


def test_no_more_is_read_of_a_file_than_a_registration_may_hold(tmp_path: Path):
    huge_file = tmp_path / "huge.toml"
    with huge_file.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    tracemalloc.start()
    try:
        with pytest.raises(RegistrationUnreadable, match="larger than"):
            read_registration(huge_file)
        assert tracemalloc.get_traced_memory()[1] < huge_file.stat().st_size / 10
    finally:
        tracemalloc.stop()


def test_missing_file_is_refused_with_its_name(tmp_path: Path):
    with pytest.raises(RegistrationUnreadable, match=r"tax\.toml: cannot be read: No such file"):
        read_registration(tmp_path / "tax.toml")


def test_values_cannot_add_members():
    filled, problems = substitute({"client_name": "${NAME}"}, {"NAME": 'x"\nclient_secret = "y'})
    assert filled == {"client_name": 'x"\nclient_secret = "y'}
    assert problems == ()


def test_unfilled_place_is_named_with_its_member():
    _, problems = substitute({"policy": {"cors_origins": ["${ORIGIN}"]}}, {})
    assert [str(problem) for problem in problems] == [
        "policy.cors_origins: needs ${ORIGIN}; give it with --set ORIGIN=…"
    ]


@pytest.mark.parametrize(
    "text", ['client_id = "tax"', '{"client_id": "tax"}', '\ufeffclient_id = "tax"', '\ufeff{"client_id": "tax"}']
)
def test_typed_text_may_be_toml_or_json(text: str):
    assert parse_registration(text) == {"client_id": "tax"}


def test_place_in_a_typed_text_is_named_for_nothing_fills_it():
    with pytest.raises(RegistrationUnreadable, match=r"^redirect_uris: write what \$\{…\} stands for in its place$"):
        parse_registration('redirect_uris = ["${ORIGIN}/callback"]')
