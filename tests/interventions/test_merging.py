"""Two accounts of one human become one, by two officers, all at once or not at all (rules A1, P6, S6)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from idp.accounts.organizations import NewMembership
from idp.accounts.tails import Tails
from idp.foundation.errors import UserError
from idp.staff.powers import Power
from tests.factories import numbers


@pytest.fixture
def ask(services, officer):
    """Have an officer ask for a merge; return the request."""

    def propose(kept, merged, author=None):
        author = author or officer()
        request_id = services.merging.propose(
            kept.account_id, merged.account_id, author, "one person, two accounts", services.changes
        )
        return services.changes.get(request_id)

    return propose


@pytest.fixture
def approve(services, officer):
    return lambda change: services.changes.approve(change.id, change.digest, officer())


@pytest.fixture
def pair(account_factory):
    """An account without a number of its own, and the proven one of the same human."""
    kept = account_factory(id_number=None, phone=None, email=None)
    return kept, account_factory(phone="13811117777", phone_verified=True, email="zhang@example.cn")


def test_the_kept_account_takes_over_what_it_lacks_and_the_other_is_over(
    services, pair, ask, approve, sign_in, visitor_of, tax
):
    kept, merged = pair
    sub = visitor_of(merged).tokens(tax)["access_token"]
    assert tax.userinfo(sub).status_code == 200
    approve(ask(kept, merged))
    assert services.accounts.get(merged.account_id).closed_at is not None
    assert services.sessions.list(account_id=merged.account_id) == []
    assert tax.userinfo(sub).status_code == 401
    for number in (merged.phone, merged.id_number):
        assert services.accounts.find_for_sign_in(number).id == kept.account_id
    profile = services.accounts.profile(kept.account_id)
    assert (profile.text("phone"), profile.text("id_number")) == ("+8613811117777", merged.id_number)
    assert profile.claim_value("email") == "zhang@example.cn"
    found = services.account_search.find_by_tails(Tails(phone="7777"), actor="system")
    assert [one.id for one in found.accounts] == [kept.account_id]
    assert sign_in(person=kept)
    assert services.factors.enrolled(kept.account_id).authenticators
    event = next(one for one in services.audit.of_account(kept.account_id) if one.action == "account.merged")
    assert event.detail["merged"] == str(merged.account_id)
    assert event.detail["contacts_moved"] == ["phone", "email"]
    person = event.detail["person_of_merged"]
    assert event.detail["after"] == {"person": person} != event.detail["before"]
    assert merged.phone not in str(event)


def test_the_sub_of_the_merged_account_is_never_given_again(services, pair, ask, approve, visitor_of, tax):
    kept, merged = pair
    before = tax.userinfo(visitor_of(merged).tokens(tax)["access_token"]).get_json()["sub"]
    approve(ask(kept, merged))
    after = tax.userinfo(visitor_of(kept).tokens(tax)["access_token"]).get_json()["sub"]
    assert after != before
    assert services.session_search.account_of_subject(before) == merged.account_id


def test_memberships_move_once(services, account_factory, ask, approve):
    shared, other = numbers.uscc(), numbers.uscc()
    firm, second = NewMembership(uscc=shared, role="agent"), NewMembership(uscc=other, role="agent")
    kept = account_factory(kind="enterprise", memberships=(firm,))
    merged = account_factory(kind="enterprise", memberships=(firm, second))
    approve(ask(kept, merged))
    assert {one.code for one in services.accounts.memberships(kept.account_id)} == {shared, other}
    assert services.accounts.memberships(merged.account_id) == ()


def test_one_officer_alone_merges_nothing(services, pair, ask, officer):
    author = officer()
    change = ask(*pair, author=author)
    with pytest.raises(UserError):
        services.changes.approve(change.id, change.digest, author)
    assert services.accounts.get(pair[1].account_id).closed_at is None


def test_two_people_staff_and_one_account_are_not_merged(account_factory, new_officer, pair, ask):
    kept, _merged = pair
    human = new_officer(Power.SECURITY)
    refused = [
        (account_factory(), account_factory()),
        (kept, kept),
        (kept, account_factory(kind="staff")),
        (kept, account_factory(kind="enterprise")),
        (kept, account_factory(id_number=human.id_number)),
    ]
    for one, other in refused:
        with pytest.raises(UserError):
            ask(one, other)


def test_what_is_laid_on_an_account_meanwhile_stops_the_merge(services, pair, ask, approve, officer):
    kept, merged = pair
    change = ask(kept, merged)
    hold_id = services.legal_holds.place(merged.account_id, "Order 7", officer=officer(Power.AUDIT), reason="order")
    with pytest.raises(UserError, match="hold"):
        approve(change)
    services.legal_holds.end(services.legal_holds.get(hold_id), officer=officer(), reason="judgment")
    until = services.clock.now() + timedelta(hours=1)
    services.account_interventions.restrict(kept.account_id, "block", until, officer=officer(), reason="stolen")
    with pytest.raises(UserError, match="restricted"):
        approve(change)
    assert services.accounts.get(merged.account_id).closed_at is None
    assert services.accounts.find_for_sign_in(merged.phone).id == merged.account_id


def test_two_merges_the_other_way_round_leave_one_account(services, pair, ask, officer):
    first, second = pair
    changes, officers = [ask(first, second), ask(second, first)], [officer(), officer()]

    def decide(number):
        try:
            services.changes.approve(changes[number].id, changes[number].digest, officers[number])
        except UserError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(decide, range(2)))
    assert sorted(done) == [False, True]
    closed = [one for one in pair if services.accounts.get(one.account_id).closed_at is not None]
    assert len(closed) == 1
    assert services.accounts.find_for_sign_in(second.phone).id not in {one.account_id for one in closed}


def test_what_fails_leaves_nothing_half_done(services, pair, ask, approve, monkeypatch):
    kept, merged = pair
    change = ask(kept, merged)

    def refuse(*_args, **_options):
        raise OSError("the database refuses")

    with monkeypatch.context() as broken:
        broken.setattr(services.sessions, "terminate", refuse)
        with pytest.raises(OSError, match="refuses"):
            approve(change)
    assert services.changes.get(change.id).state == "open"
    assert services.accounts.find_for_sign_in(merged.phone).id == merged.account_id
    assert services.accounts.profile(kept.account_id).text("phone") is None
