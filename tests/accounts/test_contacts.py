"""Replacing an e-mail address: the phone number stays, and of two at once each says truly what it replaced."""

import pytest

from idp.accounts.errors import AccountRefused, AccountUnknown
from tests.support.racing import together


def changes(services, account_id):
    """The addresses before and after, as shown, oldest change first."""
    events = [one for one in services.audit.of_account(account_id) if one.action == "account.contacts"]
    return [(one.detail["before"]["email"], one.detail["after"]["email"]) for one in reversed(events)]


def set_email(services, account_id, address):
    services.accounts.set_email(account_id, address, actor="system", reason="test")


def test_the_phone_number_stays_and_is_still_found(services, account_factory):
    person = account_factory(kind="staff", phone="13811117777", email="a@example.cn")
    set_email(services, person.account_id, "b@Example.CN")
    profile = services.accounts.profile(person.account_id)
    assert (profile.text("phone"), profile.text("email")) == ("+8613811117777", "b@example.cn")
    find = services.account_search.find
    assert [len(find(text, actor="command:test")) for text in ("13811117777", "b@example.cn", "a@example.cn")] == [
        1,
        1,
        0,
    ]


@pytest.mark.parametrize("address", ["", "b", "b@", "b@c", "b@example.cn\nBcc: c@example.cn"])
def test_what_is_no_address_is_refused(services, account_factory, address):
    person = account_factory(kind="staff", email="a@example.cn")
    with pytest.raises(AccountRefused):
        set_email(services, person.account_id, address)
    assert changes(services, person.account_id) == []


def test_a_citizens_address_is_their_own(services, account_factory):
    person = account_factory(email="a@example.cn")
    with pytest.raises(AccountUnknown):
        set_email(services, person.account_id, "b@example.cn")


def test_of_many_at_once_each_replaces_what_the_one_before_it_wrote(services, account_factory):
    person = account_factory(kind="staff", email="a@example.cn")
    together([lambda first=first: set_email(services, person.account_id, f"{first}@example.cn") for first in "bcdef"])
    chain = changes(services, person.account_id)
    assert len(chain) == 5
    assert chain[0][0] == "a***@example.cn"
    assert sorted(after for _, after in chain) == [f"{first}***@example.cn" for first in "bcdef"]
    replaced, written = {before for before, _ in chain}, {after for _, after in chain}
    assert len(replaced) == 5, "no two replaced the same address"
    assert len(replaced - written) == 1
