"""Legal holds: what they keep, and what two people at once make of them."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from idp.accounts.errors import AccountHeld
from idp.foundation.errors import UserError
from idp.jobs import purge


@pytest.fixture
def hold(services, officer):
    """Hold a person's account; return the hold."""

    def place(person, reference="Order 7/2026", author=None):
        hold_id = services.legal_holds.place(
            person.account_id, reference, officer=author or officer(), reason="court order"
        )
        return services.legal_holds.get(hold_id)

    return place


def test_what_is_held_is_purged_when_the_hold_has_ended(services, officer, account_factory, sign_in, hold, clock):
    held, other = account_factory(), account_factory()
    sign_in(person=held)
    sign_in(person=other)
    for person in (held, other):
        services.devices.note(None, person.account_id, remember=False)
    order = hold(held)
    clock.advance(days=500)
    assert purge.purge(services.database, clock.now(), purge.HISTORY) == 2
    assert services.legal_holds.of_account(held.account_id) == (order,)
    services.legal_holds.end(order, officer=officer(), reason="judgment given")
    assert purge.purge(services.database, clock.now(), purge.HISTORY) == 2


def test_a_held_account_is_not_closed_and_one_hold_less_keeps_it(services, officer, account_factory, hold):
    person = account_factory()
    first, second = hold(person), hold(person, "Order 8/2026")
    services.legal_holds.end(first, officer=officer(), reason="judgment given")
    with pytest.raises(AccountHeld):
        services.accounts.close(person.account_id, reason="wish", actor="system")
    assert services.accounts.find_for_sign_in(person.phone) is not None, "its numbers are still its own"
    services.legal_holds.end(second, officer=officer(), reason="judgment given")
    services.accounts.close(person.account_id, reason="wish", actor="system")
    assert services.accounts.get(person.account_id).closed_at is not None


def test_who_closes_while_an_officer_holds_comes_first_or_not_at_all(services, officer, account_factory, hold):
    authors = [officer() for _ in range(3)]
    for author in authors:
        person = account_factory()
        with ThreadPoolExecutor(2) as pool:
            closing = pool.submit(services.accounts.close, person.account_id, reason="wish", actor="system")
            placing = pool.submit(hold, person, author=author)
            placing.result()
            refusal = closing.exception()
        events = [one.action for one in services.audit.of_account(person.account_id)]
        if refusal is None:
            assert events.index("account.hold_placed") < events.index("account.close"), "the close came first"
        else:
            assert isinstance(refusal, AccountHeld)
            assert services.accounts.get(person.account_id).closed_at is None


def test_two_officers_with_one_order_hold_it_once(services, officer, account_factory, hold):
    person, authors = account_factory(), [officer(), officer()]
    with ThreadPoolExecutor(2) as pool:
        tries = [pool.submit(hold, person, author=author) for author in authors]
        refusals = [one.exception() for one in tries]
    assert sorted(type(one) for one in refusals if one is not None) == [UserError]
    assert len(services.legal_holds.of_account(person.account_id)) == 1


def test_two_officers_end_a_hold_once(services, officer, account_factory, hold):
    person = account_factory()
    order, authors = hold(person), [officer(), officer()]
    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(lambda one: services.legal_holds.end(order, officer=one, reason="over now"), authors))
    assert sorted(ended) == [False, True]
    events = [one.action for one in services.audit.of_account(person.account_id)]
    assert events.count("account.hold_ended") == 1


def test_nobody_holds_their_own_account(services, officer):
    author = officer()
    with pytest.raises(UserError):
        services.legal_holds.place(author.account_id, "Order 9", officer=author, reason="to be safe")
