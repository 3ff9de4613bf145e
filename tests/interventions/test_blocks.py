"""How wide one officer may block alone, and with whom wider (rule A1)."""

from datetime import timedelta

import pytest

from idp.blocks.values import Entry, EntryFilter
from idp.foundation.errors import UserError
from idp.interventions.blocks import Asked
from idp.staff.powers import Permission, Power, may
from tests.staff.conftest import new_officer, officer, setting_changes
from tests.support.racing import together

__all__ = ["new_officer", "officer", "setting_changes"]
REASON = "attack of tonight"


@pytest.fixture
def add(services):
    """Add what an officer asks for; return the entry, or what waits for another officer."""

    def make(who, value, kind="network", effect="block", hours=1):
        draft = services.block_changes.draft(effect, kind, value, hours)
        return services.block_changes.add(draft, who, REASON, services.changes)

    return make


@pytest.fixture
def approve(services):
    def say_yes(asked, who):
        return services.changes.approve(asked.request_id, services.changes.get(asked.request_id).digest, who)

    return say_yes


def stops(services, address):
    return services.blocks.stopping(address, None) is not None


@pytest.mark.parametrize("value", ["203.0.113.7", "203.0.0.0/16", "2001:db8::/32"])
def test_one_officer_blocks_up_to_a_sixteenth(officer, add, value):
    assert isinstance(add(officer(), value), Entry)


@pytest.mark.parametrize("effect", ["block", "allow"])
@pytest.mark.parametrize("value", ["203.0.0.0/15", "0.0.0.0/0", "2001:d00::/24", "::/0", "::ffff:0:0/96"])
def test_a_wider_network_waits_for_a_second_officer_whatever_it_does(services, officer, add, value, effect):
    assert isinstance(add(officer(), value, effect=effect), Asked)
    assert services.blocks.page(EntryFilter()) == []


def test_a_wide_block_is_in_force_when_another_officer_has_agreed(services, officer, add, approve, clock):
    author, approver = officer(), officer()
    asked = add(author, "0.0.0.0/0", hours=24)
    with pytest.raises(UserError):
        approve(asked, author)
    assert not stops(services, "203.0.113.7")
    clock.advance(hours=2)
    assert approve(asked, approver).state == "applied"
    assert stops(services, "203.0.113.7")
    (entry,) = services.blocks.page(EntryFilter())
    assert entry.expires_at == clock.now() + timedelta(hours=24), "it lasts from the decision on"
    services.block_changes.lift(entry.id, author, "over")
    assert not stops(services, "203.0.113.7")


def test_who_asks_again_makes_the_request_before_void(officer, add, approve):
    author, approver = officer(), officer()
    first = add(author, "0.0.0.0/0")
    add(author, "0.0.0.0/0", hours=24)
    with pytest.raises(UserError):
        approve(first, approver)


def test_many_narrow_networks_are_a_wide_one(services, officer, add, clock):
    """Rule A1: what one officer does alone adds up over 24 hours, lifted or not."""
    who, other = officer(), officer()
    first = add(who, "203.0.0.0/17")
    services.block_changes.lift(first.id, who, "mistaken")
    assert isinstance(add(who, "203.1.0.0/17"), Entry)
    assert isinstance(add(who, "203.2.0.0/32"), Asked)
    assert isinstance(add(who, "2001:db8::/32"), Entry), "addresses of IPv6 are counted by themselves"
    assert isinstance(add(who, "203.3.0.0/17", effect="allow"), Entry), "and so is what is allowed"
    assert isinstance(add(other, "203.4.0.0/17"), Entry)
    clock.advance(hours=24)
    assert isinstance(add(who, "203.5.0.0/17"), Entry)


def test_what_two_agreed_to_is_not_counted_as_one_officers(officer, add, approve):
    author, approver = officer(), officer()
    approve(add(author, "203.0.0.0/8"), approver)
    assert isinstance(add(author, "198.51.0.0/16"), Entry)
    assert isinstance(add(approver, "198.52.0.0/16"), Entry)


def test_one_officer_in_many_windows_at_once_lists_no_more(services, officer, add):
    who = officer()
    outcomes = together([lambda number=number: add(who, f"203.{number}.0.0/17") for number in range(6)])
    assert sum(isinstance(one, Entry) for one in outcomes) == 2
    assert len(services.blocks.page(EntryFilter())) == 2


def test_an_operator_is_listed_by_two_officers_if_the_table_knows_it(services, officer, add):
    with pytest.raises(UserError, match="No table of networks"):
        add(officer(), "AS64500", "operator")
    header = "network,country,region,latitude,longitude,operator,asn\n"
    lines = [header, "203.0.113.0/24,CN,Hubei,30.6,114.3,Example Telecom,64500\n"]
    services.networks.load(lines, "networks.csv", on_bad_line=print)
    with pytest.raises(UserError, match="no network of this operator"):
        add(officer(), "AS64501", "operator")
    assert isinstance(add(officer(), "AS64500", "operator"), Asked)


def test_a_device_has_to_be_one_of_ours(officer, add):
    with pytest.raises(UserError, match="no such device"):
        add(officer(), "0190a0b0-0000-7000-8000-00000000000a", "device")


@pytest.mark.parametrize("hours", [0, -1, 366 * 24 + 1])
def test_every_entry_has_an_end(officer, add, hours):
    with pytest.raises(UserError):
        add(officer(), "203.0.113.0/24", hours=hours)


def test_only_security_officers_change_the_list():
    assert [power for power in Power if may(power, Permission.CHANGE_BLOCKS)] == [Power.SECURITY]


def test_asking_anew_and_approving_at_once_end_in_words_and_never_in_a_deadlock(services, officer, add, approve):
    author, approver = officer(), officer()
    for _ in range(8):
        asked = add(author, "0.0.0.0/0")
        outcomes = together(
            [_told(lambda: add(author, "0.0.0.0/0")), _told(lambda asked=asked: approve(asked, approver))]
        )
        assert all(outcome is None or isinstance(outcome, UserError) for outcome in outcomes), outcomes
        for entry in services.blocks.page(EntryFilter()):
            services.block_changes.lift(entry.id, author, REASON)


def _told(act):
    """Return a call that answers with what was raised."""

    def call():
        try:
            act()
        except Exception as error:  # noqa: BLE001 - what it is, is what the test asks
            return error
        return None

    return call
