"""The ends of numbers lead to lists of masks, and rows from before the index get theirs (architecture, rule 1)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from idp.accounts.models import Account, NaturalPerson
from idp.accounts.searching import MOST
from idp.accounts.tails import TailIndexing, Tails


@pytest.mark.parametrize(
    ("typed", "parsed"),
    [
        ("0310", Tails(phone="0310")),
        ("70310x", Tails(id_number="70310X")),
        (" 70310X  0016 ", Tails("70310X", "0016")),
        ("0016 70310X", Tails("70310X", "0016")),
        ("００１６", Tails(phone="0016")),  # noqa: RUF001 - as a Chinese keyboard types it
        ("70310", None),
        ("0016 0017", None),
        ("0016 zhang", None),
        ("X70310", None),
        ("", None),
        ("%%%%", None),
    ],
)
def test_what_looks_like_the_end_of_a_number(typed, parsed):
    assert Tails.parse(typed) == parsed
    assert "0016" not in repr(parsed)


@pytest.fixture
def find(services):
    return lambda text: services.account_search.find_by_tails(Tails.parse(text), actor="system")


def test_each_end_finds_its_account_and_both_together_find_one(account_factory, find):
    person = account_factory(phone="13811117777")
    account_factory(phone="13822227777")
    staff = account_factory(kind="staff", id_number=person.id_number)
    tail = person.id_number[-6:]
    assert {one.id for one in find(tail).accounts} == {person.account_id, staff.account_id}
    assert len(find("7777").accounts) == 2
    (found,) = find(f"{tail} 7777").accounts
    assert found.id == person.account_id
    for value in (person.phone, person.id_number, person.name):
        assert value not in (found.masked_name, found.masked_id_number, found.masked_phone)
        assert value not in repr(found)


def test_the_search_is_on_record_without_what_was_typed(services, account_factory, find):
    person = account_factory(phone="13811117777")
    find(f"{person.id_number[-6:]} 7777")
    (event,) = [one for one in services.audit.export() if one.action == "account.searched_by_tail"]
    assert event.detail == {"by": ["id_number", "phone"], "found": 1}


def test_a_common_end_shows_so_many_and_says_that_there_are_more(account_factory, find):
    for number in range(MOST + 1):
        account_factory(phone=f"138{number:04}7777")
    found = find("7777")
    assert (len(found.accounts), found.is_cut) == (MOST, True)


def test_a_number_that_is_replaced_or_closed_is_found_no_more(services, account_factory, find):
    officer = account_factory(kind="staff", phone="13811117777")
    services.accounts.set_contacts(officer.account_id, email=None, phone="13811118888", actor="system")
    assert find("7777").accounts == ()
    assert len(find("8888").accounts) == 1
    services.accounts.close(officer.account_id, reason="left", actor="system")
    assert find("8888").accounts == ()


@pytest.fixture
def forget_tails(services):
    """Make rows as the version before wrote them."""

    def forget():
        with services.database.transaction() as connection:
            connection.execute(update(Account).values(phone_tail_digest=None))
            connection.execute(update(NaturalPerson).values(id_tail_digest=None))

    return forget


def test_rows_from_before_are_indexed_once_and_by_two_at_once(services, account_factory, find, forget_tails):
    people = [account_factory(phone=f"138{number:04}7777") for number in range(3)]
    forget_tails()
    assert find("7777").accounts == ()
    indexing = TailIndexing(services.database, services.keyring)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _one: indexing.run(lambda _done, _total: None), range(2)))
    assert {one.id for one in find("7777").accounts} == {one.account_id for one in people}
    assert find(people[0].id_number[-6:]).accounts
    assert indexing.run(lambda _done, _total: None) == (0, 0)


def test_what_cannot_be_read_is_counted_and_keeps_nothing_from_being_indexed(
    services, account_factory, find, forget_tails
):
    broken, good = account_factory(phone="13811117777"), account_factory(phone="13822227777")
    forget_tails()
    with services.database.transaction() as connection:
        phone = connection.scalar(select(Account.phone).where(Account.id == good.account_id))
        connection.execute(update(Account).where(Account.id == broken.account_id).values(phone=phone))
    _, failed = TailIndexing(services.database, services.keyring).run(lambda _done, _total: None)
    assert failed == 1
    assert [one.id for one in find("7777").accounts] == [good.account_id]
