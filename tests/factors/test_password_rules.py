"""Which passwords may be chosen (NIST-63B-3.1.1.2, ASVS-6.2)."""

import threading
import time

import pytest

from idp.factors.password_rules import PasswordContext, is_short, problem_with

CONTEXT = PasswordContext(words=("zhang.wei", "张伟"), numbers=("+8613800138000", "110105194912310021"))


def accepted(password: str, *, has_second_factor: bool = True) -> bool:
    return problem_with(password, has_second_factor=has_second_factor, context=CONTEXT) is None


@pytest.mark.parametrize(
    ("length", "has_second_factor", "is_accepted"),
    [(7, True, False), (8, True, True), (14, False, False), (15, False, True), (128, False, True), (129, False, False)],
)
def test_length_is_counted_in_code_points(length, has_second_factor, is_accepted):
    """NIST-63B-3.1.1.2-length, ASVS-6.2.1, ASVS-6.2.9."""
    password = ("Kx7#mQ2!vR9z" * 11)[:length]
    assert accepted(password, has_second_factor=has_second_factor) is is_accepted


@pytest.mark.parametrize(
    "password",
    [
        "kqzvmtrwplxdhsgy",
        "correct horse battery staple",
        "中文口令够长也可以使用的呀啊哦",
        "qingwa tiaojin shuitang li",
    ],
)
def test_no_composition_is_asked_for(password):
    """ASVS-6.2.5, NIST-63B-3.1.1.2-charset: small letters, spaces and Chinese are as good as anything."""
    assert accepted(password, has_second_factor=False)


@pytest.mark.parametrize(
    "password",
    [
        "password1",
        "P@ssw0rd2024",
        "qwertyuiop123",
        "shengrikuaile",
        "wodemima2024",
        "woaini1314520",
        "liuming520",
        "woaibeijing2008",
        "5201314woaini",
        "1qaz2wsx3edc4rfv",
        "aaaaaaaaaaaaaaaaaaaa",
        "12345678987654321",
        "wangxiaoming1990",
    ],
)
def test_common_passwords_are_refused(password):
    """ASVS-6.2.4, ASVS-6.2.12, NIST-63B-3.1.1.2-blocklist."""
    assert not accepted(password)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("zhangwei1988", "name"),
        ("Zhang.Wei-2024!!", "name"),
        ("张伟2024张伟", "name"),
        ("13800138000abcd", "phone"),
        ("my00138000phone!", "phone"),
        ("110105194912310021", "identity"),
        ("32010619880315123x", "identity"),
        ("zhengwu2026", "service"),
        ("Tongyi-Shenfen-1", "service"),
    ],
)
def test_what_others_know_is_refused_with_its_reason(password, reason):
    """ASVS-6.2.11, NIST-63B-3.1.1.2-blocklist."""
    problem = problem_with(password, has_second_factor=True, context=CONTEXT)
    assert problem is not None
    assert reason in problem.message


def test_control_characters_are_refused():
    assert not accepted("quiet\tlantern\x00harbour")


def test_short_is_what_may_not_stand_alone():
    assert is_short("a" * 14)
    assert not is_short("a" * 15)
    # Fifteen code points once composed: é is one, however it was typed.
    assert is_short("e\u0301" * 14)


def test_rules_answer_alike_in_many_threads():
    """zxcvbn keeps its dictionaries in a module global that threads share."""
    verdicts = []

    def ask() -> None:
        verdicts.append((accepted("shengrikuaile"), accepted("kqzvmtrwplxdhsgy")))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(verdicts) == {(False, True)}


@pytest.mark.parametrize("signs", ["4@8({[<369|1!7$50+%2", "p4@8s({[<w369|0r1!7d$50+%2", "4@31!0$57", "ab", "0"])
def test_no_password_is_judged_for_long(signs):
    """ASVS 2.2.1: whoever is signed in may send any password, as often as they like; none may occupy a core."""
    began = time.thread_time()
    problem_with((signs * 128)[:128], has_second_factor=False)
    assert time.thread_time() - began < 5
