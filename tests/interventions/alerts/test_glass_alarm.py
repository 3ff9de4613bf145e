"""Everybody who could end a break-glass hears of it, of each step and of each kind of use once (rule A2)."""

from dataclasses import replace

import pytest

from idp.factors.assurance import VerifiedFactor
from idp.sessions.values import Browser
from idp.staff.powers import Permission, Power

ALL = {Power.SYSTEM: "s", Power.SECURITY: "x", Power.AUDIT: "a", Power.CUSTODIAN: "c"}


@pytest.fixture
def used(services, mailbox, officer, entropy, clock):
    """A glass that was asked for, opened, used twice in one way and once in another, and ended."""
    for power, first in ALL.items():
        mailbox(first, power)
    mailbox("h", Power.HELP_DESK)
    opener, other, glass = officer(Power.CUSTODIAN), officer(Power.CUSTODIAN), services.break_glass
    session = services.sessions.open(
        opener.account_id, [VerifiedFactor("password", clock.now())], entropy.uuid7(), Browser()
    )
    glass.ask(opener, session.session_id, "all officers are out")
    glass.confirm(glass.current().id, other)
    in_emergency = replace(opener, glass=glass.current(), in_emergency=True)
    for permission in (Permission.SEE_SESSIONS, Permission.SEE_SESSIONS, Permission.END_SESSIONS):
        glass.note_use(in_emergency, permission, "GET")
    glass.end(glass.current().id, other)


@pytest.mark.usefixtures("used")
def test_every_officer_and_custodian_is_told_of_each_step_and_nobody_else(letters):
    told = [address[0] for template, address, _ in letters() if template == "break_glass"]
    assert {first: told.count(first) for first in "sxach"} == {"s": 5, "x": 5, "a": 5, "c": 5, "h": 0}


@pytest.mark.usefixtures("used")
def test_the_letters_say_what_happens_and_nothing_of_who_or_why(attempts):
    texts = attempts()
    for subject in ("应急启封：有保管人提出申请", "应急启封：已开启", "应急启封：正在使用", "应急启封：已结束"):
        assert any(text.startswith(subject) for text in texts), subject
    assert any("sessions.end" in text for text in texts)
    assert not any("all officers are out" in text for text in texts)
