"""Owners hear of changes of their means of sign-in, at the address of their account only (NIST-63B-4.6)."""

from contextlib import suppress

import pytest

ADDRESS = "zhang@example.cn"


@pytest.fixture
def owner(account_factory):
    return account_factory(email=ADDRESS, preferred_language="en", with_recovery_codes=True)


def test_a_factor_added_and_removed_is_told(services, owner, letters, attempts):
    before = len(letters())
    services.factors.add_totp(owner.account_id, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    assert len(letters()) == before + 1
    assert letters()[-1] == ("factor_changed", "z***@example.cn", None)
    assert all("JBSWY" not in text and ADDRESS.split("@", maxsplit=1)[0] not in text for text in attempts())


def test_a_password_changed_by_its_owner_is_told_and_the_first_one_is_not(services, owner, letters, account_factory):
    before = len(letters())
    account_factory(email="other@example.cn")
    assert len(letters()) == before
    services.factors.set_password(
        owner.account_id, "another-lantern-71", has_second_factor=False, actor=f"account:{owner.account_id}"
    )
    assert len(letters()) == before + 1


def set_email(services, person, address):
    services.accounts.set_email(person.account_id, address, actor="system", reason="test")


def test_a_replaced_address_is_told_at_the_old_one_and_the_new(services, mailbox, letters, attempts):
    officer = mailbox("o", preferred_language="en")
    before = letters()
    assert not any(template == "contacts_changed" for template, _, _ in before), "there was no address before"
    set_email(services, officer, "new@other.example.cn")
    told = [address for template, address, _ in letters() if template == "contacts_changed"]
    assert told == ["n***@other.example.cn", "o***@staff.example.gov.cn"]
    texts = [text for text in attempts() if text.startswith("The contacts of your account changed")]
    assert len(texts) == 2
    assert not any("example" in text.replace("id.example", "") for text in texts), "no address stands in a letter"
    set_email(services, officer, "new@other.example.cn")
    assert len([one for one in letters() if one[0] == "contacts_changed"]) == 2, "nothing changed"


def test_the_old_address_of_a_locked_account_is_told_too(services, mailbox, letters):
    officer = mailbox("o")
    services.accounts.lock(officer.account_id, "test", "system")
    set_email(services, officer, "new@other.example.cn")
    told = [address for template, address, _ in letters() if template == "contacts_changed"]
    assert told == ["o***@staff.example.gov.cn"]


def test_a_change_that_is_rolled_back_tells_nobody(services, owner, letters):
    before = letters()
    with suppress(RuntimeError), services.database.transaction():
        services.factors.add_totp(owner.account_id, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
        raise RuntimeError
    assert letters() == before


def test_who_has_no_address_is_not_told(services, letters, account_factory):
    services.factors.add_totp(account_factory().account_id, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    assert letters() == []
