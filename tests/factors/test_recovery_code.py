"""Recovery codes (NIST-63B-3.1.2-lookup, ASVS-6.5.1 to 6.5.4)."""

import re
import threading

import pytest
from sqlalchemy import select

from idp.factors.factor import Accepted, WrongCode
from idp.factors.models import RecoveryCode
from idp.factors.recovery_code import canonical


@pytest.fixture
def person(account_factory):
    return account_factory(with_totp=True, with_recovery_codes=True)


def test_ten_codes_of_eighty_bits_are_made(person):
    assert len(set(person.recovery_codes)) == 10
    assert all(
        re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}", code) for code in person.recovery_codes
    )


def test_code_is_accepted_once(services, person):
    verify = services.factors.verify_code
    assert isinstance(verify("recovery_code", person.account_id, person.recovery_codes[3]), Accepted)
    assert verify("recovery_code", person.account_id, person.recovery_codes[3]) == WrongCode("wrong")
    assert services.factors.enrolled(person.account_id).codes_left == 9


def test_one_of_twenty_parallel_submissions_succeeds(services, person):
    outcomes = []
    barrier = threading.Barrier(20)

    def submit() -> None:
        barrier.wait()
        outcomes.append(services.factors.verify_code("recovery_code", person.account_id, person.recovery_codes[0]))

    threads = [threading.Thread(target=submit) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(outcome, Accepted) for outcome in outcomes) == 1
    assert len(outcomes) == 20


def test_code_of_another_account_is_wrong(services, account_factory, person):
    other = account_factory(with_totp=True, with_recovery_codes=True)
    outcome = services.factors.verify_code("recovery_code", other.account_id, person.recovery_codes[0])
    assert outcome == WrongCode("wrong")


def test_new_codes_end_the_old_ones(services, person):
    new = services.factors.make_recovery_codes(person.account_id, actor="system")
    verify = services.factors.verify_code
    assert verify("recovery_code", person.account_id, person.recovery_codes[0]) == WrongCode("wrong")
    assert isinstance(verify("recovery_code", person.account_id, new[0]), Accepted)


@pytest.mark.parametrize(
    "typed",
    ["ab1c-0d2e-3fgh-4jkm", "AB1C0D2E3FGH4JKM", " ablc odze ".replace("z", "2") + "3fgh 4jkm", "AB1C–0D2E–3FGH–4JKM"],
)
def test_case_hyphens_and_look_alikes_do_not_matter(typed):
    assert canonical(typed) == "AB1C0D2E3FGH4JKM"


def test_database_holds_no_code(services, person):
    with services.database.read() as connection:
        digests = list(connection.scalars(select(RecoveryCode.digest)))
    assert len(digests) == 10
    assert not any(canonical(code).encode() in digest for code in person.recovery_codes for digest in digests)
