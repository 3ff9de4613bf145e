"""Nobody learns from an answer whether an account exists (rule S4, ASVS-6.3.8)."""

import bcrypt
import pytest
from argon2 import low_level
from sqlalchemy import delete, event, update

from idp.accounts.models import Account
from idp.factors import password_hashing, phc
from idp.factors.models import Authenticator
from idp.sign_in.values import WrongPassword


@pytest.fixture
def statements(services):
    """The statements that reach the database, without their values."""
    seen = []

    def note(_connection, _cursor, statement, *_others) -> None:
        seen.append(statement)

    for engine in services.database.engines:
        event.listen(engine, "before_cursor_execute", note)
    yield seen
    for engine in services.database.engines:
        event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def hashes(monkeypatch):
    """The password hashes done, of whatever kind."""
    done = []

    def counted(name, work):
        def hashing(*arguments, **options):
            done.append(name)
            return work(*arguments, **options)

        return hashing

    for module in (password_hashing, phc):
        monkeypatch.setattr(module, "verify_secret", counted("argon2id", low_level.verify_secret))
    monkeypatch.setattr(password_hashing, "hash_secret", counted("argon2id", low_level.hash_secret))
    monkeypatch.setattr(bcrypt, "checkpw", counted("bcrypt", bcrypt.checkpw))
    return done


CASES = ("unknown", "unknown_phone", "wrong", "locked", "closed", "without_password", "other_environment")


def prepare(case, services, person):
    if case == "locked":
        services.accounts.lock(person.account_id, reason="test", actor="system")
    elif case == "closed":
        services.accounts.close(person.account_id, reason="test", actor="system")
    elif case == "without_password":
        with services.database.transaction() as connection:
            connection.execute(delete(Authenticator))
    elif case == "other_environment":
        with services.database.transaction() as connection:
            connection.execute(update(Account).values(environment="sandbox"))
    return {"unknown": "nobody-here", "unknown_phone": "13912345678"}.get(case, person.username)


def observed(case, services, new_visitor, account_factory, statements, hashes):
    person = account_factory()
    identifier = prepare(case, services, person)
    new_visitor(network="192.0.2.0/24").fail("somebody-before")  # counts the population
    visitor = new_visitor()
    password = "wrong-lantern-harbour" if case == "wrong" else person.password
    statements.clear()
    hashes.clear()
    outcome = visitor.password(identifier, password)
    return outcome, list(statements), list(hashes)


@pytest.mark.parametrize("case", CASES)
def test_every_refusal_costs_the_same_statements_and_one_hash(
    services, new_visitor, account_factory, statements, hashes, case
):
    outcome, queries, work = observed(case, services, new_visitor, account_factory, statements, hashes)
    expected = observed("wrong", services, new_visitor, account_factory, statements, hashes)
    assert outcome == expected[0] == WrongPassword()
    assert work == expected[2] == ["argon2id"]
    if case == "unknown_phone":
        # By phone and by username are two questions; by phone alike for all.
        assert len(queries) == len(expected[1])
    else:
        assert queries == expected[1]


def test_unknown_accounts_cost_what_the_known_ones_do(services, new_visitor, account_factory, hashes):
    """An identifier nobody has gets a stable kind of hash, in the proportions of the population."""
    old = bcrypt.hashpw(b"quiet-lantern-harbour-71", bcrypt.gensalt(10)).decode()
    people = [account_factory() for _ in range(4)]
    with services.database.transaction() as connection:
        connection.execute(delete(Authenticator))
        services.factors.store_imported(connection, [(person.account_id, old) for person in people[:2]])
    for person in people[2:]:
        services.factors.set_password(person.account_id, person.password, has_second_factor=False)
    hashes.clear()
    for number in range(12):
        new_visitor(network=f"192.0.{number}.0/24").fail(f"nobody-{number}")
    first = list(hashes)
    assert len(first) == 12
    assert 2 <= first.count("bcrypt") <= 10
    hashes.clear()
    for number in range(12):
        new_visitor(network=f"198.51.{number}.0/24").fail(f"nobody-{number}")
    assert hashes == first
