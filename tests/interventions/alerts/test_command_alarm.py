"""Security officers hear of commands that take something away, and a script of a thousand is one letter (rule O2)."""

from datetime import timedelta

import pytest

from idp.staff.powers import Power


@pytest.fixture
def sound(services):
    return services.alerting.command_alarm.sound


def test_security_officers_are_told_and_nobody_else(sound, letters, mailbox):
    for first, power in (("x", Power.SECURITY), ("s", Power.SYSTEM), ("a", Power.AUDIT), ("c", Power.CUSTODIAN)):
        mailbox(first, power)
    sound("session revoke")
    assert letters() == [("command_alarm", "x***@staff.example.gov.cn", None)]


def test_the_same_command_is_told_again_after_ten_minutes_and_another_one_at_once(sound, letters, mailbox, clock):
    mailbox("x")
    for _ in range(50):
        sound("session revoke")
    assert len(letters()) == 1
    sound("account lock")
    assert len(letters()) == 2
    clock.advance(minutes=9, seconds=59)
    sound("session revoke")
    assert len(letters()) == 2
    clock.advance(seconds=1)
    sound("session revoke")
    assert len(letters()) == 3


def test_the_letter_names_the_command_and_where_to_look(sound, attempts, mailbox):
    mailbox("x")
    mailbox("e", preferred_language="en")
    sound("session revoke")
    texts = attempts()
    assert {text.splitlines()[0] for text in texts} == {
        "有人使用了命令idp session revoke",
        "The command idp session revoke was used",
    }
    assert all("http://localhost:8004/console/events?action=command_alarm" in text for text in texts)


def test_without_a_mailbox_the_alarm_stands_in_the_console(sound, services):
    sound("session revoke")
    assert [(one.source, one.subject) for one in services.alerting.alerts.latest(timedelta(days=1))] == [
        ("command_alarm", "session revoke")
    ]
