"""Authenticator codes (RFC 6238, RFC 4226): each step once, the present one and the one before."""

import base64
import threading
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from sqlalchemy import select, update

from idp.factors.factor import Accepted, WrongCode
from idp.factors.models import Authenticator

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()


def step_code(secret: str, clock, offset: int = 0) -> str:
    return pyotp.TOTP(secret).generate_otp(int(clock.now().timestamp()) // 30 + offset)


@pytest.fixture
def person(account_factory):
    return account_factory(with_totp=True)


@pytest.mark.parametrize(
    ("counter", "code"),
    list(
        enumerate(["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"])
    ),
)
def test_generator_gives_the_values_of_rfc_4226(counter, code):
    """RFC4226-D-vectors."""
    assert pyotp.TOTP(RFC_SECRET).generate_otp(counter) == code


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_generator_gives_the_values_of_rfc_6238(moment, code):
    """RFC6238-B-sha1."""
    assert pyotp.TOTP(RFC_SECRET, digits=8).at(moment) == code


def test_present_and_previous_step_are_accepted_and_no_other(services, person, clock):
    """RFC6238-5.2-step, ASVS-6.5.5: n − 1 is accepted, n − 2 and n + 1 are not."""
    verify = services.factors.verify_code
    assert verify("totp", person.account_id, step_code(person.totp_secret, clock, -2)) == WrongCode("wrong")
    assert verify("totp", person.account_id, step_code(person.totp_secret, clock, 1)) == WrongCode("clock")
    assert isinstance(verify("totp", person.account_id, step_code(person.totp_secret, clock, -1)), Accepted)
    assert isinstance(verify("totp", person.account_id, step_code(person.totp_secret, clock)), Accepted)


def test_step_is_accepted_once_and_none_before_it_afterwards(services, person, clock):
    """RFC6238-5.2-once, ASVS-6.5.1, NIST-63B-3.1.4-otp."""
    verify = services.factors.verify_code
    code = person.code(clock)
    assert isinstance(verify("totp", person.account_id, code), Accepted)
    assert verify("totp", person.account_id, code) == WrongCode("used")
    assert verify("totp", person.account_id, step_code(person.totp_secret, clock, -1)) == WrongCode("used")


def test_one_of_twenty_parallel_submissions_succeeds(services, person, clock):
    code = person.code(clock)
    outcomes = []
    barrier = threading.Barrier(20)

    def submit() -> None:
        barrier.wait()
        outcomes.append(services.factors.verify_code("totp", person.account_id, code))

    threads = [threading.Thread(target=submit) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(outcome, Accepted) for outcome in outcomes) == 1
    assert outcomes.count(WrongCode("used")) == 19


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "12345a", "\uff11\uff12\uff13\uff14\uff15\uff16", "' OR 1=1", "000000\n"]
)
def test_what_is_no_code_is_wrong(services, person, code):
    assert services.factors.verify_code("totp", person.account_id, code) == WrongCode("wrong")


def test_hundred_failures_in_a_row_disable_it_for_good(services, person, clock):
    """NIST-63B-3.2.2-throttle: disabled until bound anew; success in between starts the count again."""
    wrong = step_code(person.totp_secret, clock, 7)
    for _ in range(99):
        services.factors.verify_code("totp", person.account_id, wrong)
    assert isinstance(services.factors.verify_code("totp", person.account_id, person.code(clock)), Accepted)
    for _ in range(100):
        services.factors.verify_code("totp", person.account_id, wrong)
    clock.advance(60)
    assert services.factors.verify_code("totp", person.account_id, person.code(clock)) == WrongCode("disabled")
    assert services.factors.enrolled(person.account_id).has_second_factor
    assert services.factors.enrolled(person.account_id).second_factors == ()


def test_enrolment_needs_a_right_first_code(services, account_factory, clock):
    """TOTP-ENROL, RFC4226-4-secret, NIST-63B-3.1.4-otp: 160 bits, activated only by a correct code."""
    person = account_factory()
    pending = services.factors.begin_totp(person.account_id, person.username)
    address = urlsplit(pending.uri)
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert parse_qs(address.query)["secret"] == [pending.key]
    assert len(base64.b32decode(pending.key)) == 20
    confirm = services.factors.confirm_totp
    assert confirm(person.account_id, step_code(pending.key, clock, 5), actor="system") == WrongCode("wrong")
    assert not services.factors.enrolled(person.account_id).has_second_factor
    assert isinstance(confirm(person.account_id, step_code(pending.key, clock), actor="system"), Accepted)
    assert services.factors.enrolled(person.account_id).second_factors == ("totp",)
    # The first code is spent by the enrolment itself.
    outcome = services.factors.verify_code("totp", person.account_id, step_code(pending.key, clock))
    assert outcome == WrongCode("used")
    assert confirm(person.account_id, step_code(pending.key, clock), actor="system") is None


def test_pending_secret_is_gone_after_fifteen_minutes(services, account_factory, clock):
    person = account_factory()
    pending = services.factors.begin_totp(person.account_id, person.username)
    clock.advance(minutes=15)
    assert services.factors.pending_totp(person.account_id, person.username) is None
    assert services.factors.confirm_totp(person.account_id, step_code(pending.key, clock), actor="system") is None


def test_new_secret_replaces_the_one_that_waits(services, account_factory, clock):
    person = account_factory()
    first = services.factors.begin_totp(person.account_id, person.username)
    second = services.factors.begin_totp(person.account_id, person.username)
    confirm = services.factors.confirm_totp
    assert isinstance(confirm(person.account_id, step_code(first.key, clock), actor="system"), WrongCode)
    assert isinstance(confirm(person.account_id, step_code(second.key, clock), actor="system"), Accepted)


def test_secret_is_encrypted_and_bound_to_its_row(services, account_factory, person):
    """RFC4226-7.3-throttle, rule S6: the export of the database shows no seed, and none can be moved to another row."""
    other = account_factory(with_totp=True)
    with services.database.read() as connection:
        rows = connection.execute(
            select(Authenticator.id, Authenticator.account_id, Authenticator.secret).where(Authenticator.kind == "totp")
        ).all()
    secrets = {row.account_id: row.secret for row in rows}
    assert base64.b32decode(person.totp_secret) not in secrets[person.account_id]
    with services.database.transaction() as connection:
        connection.execute(
            update(Authenticator)
            .where(Authenticator.account_id == other.account_id, Authenticator.kind == "totp")
            .values(secret=secrets[person.account_id])
        )
    with pytest.raises(Exception, match="cannot be decrypted"):
        services.factors.verify_code("totp", other.account_id, "000000")
