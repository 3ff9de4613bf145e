"""How passwords are stored: peppered, bound to the account, upgraded at sign-in (rule S6, NIST-63B-3.1.1.2-hash)."""

import base64
import hashlib
import time

import argon2
import bcrypt
import pytest
from sqlalchemy import delete, select, update

from idp.factors.hashing_pool import HashingPool
from idp.factors.models import Authenticator
from idp.factors.phc import HashRefused, parse, sample_of
from idp.factors.service import Factors

PASSWORD = "quiet-lantern-harbour-71"


def b64(value: bytes) -> str:
    return base64.b64encode(value).rstrip(b"=").decode()


def scrypt_phc(password: str, exponent: int = 14) -> str:
    salt = b"0123456789abcdef"
    made = hashlib.scrypt(password.encode(), salt=salt, n=2**exponent, r=8, p=1, maxmem=2**26, dklen=32)
    return f"$scrypt$ln={exponent},r=8,p=1${b64(salt)}${b64(made)}"


def pbkdf2_phc(password: str, form: str) -> str:
    salt = b"0123456789abcdef"
    made = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 29_000, 32)
    if form == "passlib":
        return f"$pbkdf2-sha256$29000${b64(salt).replace('+', '.')}${b64(made).replace('+', '.')}"
    return f"$pbkdf2-sha256$i=29000,l=32${b64(salt)}${b64(made)}"


IMPORTED = {
    "argon2id": lambda password: argon2.PasswordHasher(1, 8192, 1).hash(password),
    "bcrypt": lambda password: bcrypt.hashpw(password.encode(), bcrypt.gensalt(10)).decode(),
    "bcrypt of PHP": lambda password: (
        bcrypt.hashpw(password.encode(), bcrypt.gensalt(10)).decode().replace("$2b$", "$2y$")
    ),
    "scrypt": scrypt_phc,
    "pbkdf2": lambda password: pbkdf2_phc(password, "phc"),
    "pbkdf2 of passlib": lambda password: pbkdf2_phc(password, "passlib"),
}


def is_right(factors, account_id, password):
    identifier = b"i" * 32
    enrolled = factors.enrolled(account_id)
    with factors.reserve(identifier) as place:
        check = factors.check_password(place, enrolled, identifier, password)
    if check.is_right:
        factors.password_used(enrolled, check)
    return check.is_right


def import_password(services, account_id, phc):
    with services.database.transaction() as connection:
        services.factors.store_imported(connection, [(account_id, phc)])


def stored(services, account_id):
    statement = select(Authenticator).where(Authenticator.account_id == account_id, Authenticator.kind == "password")
    with services.database.read() as connection:
        return connection.execute(statement).one()


@pytest.fixture
def bare(services, account_factory):
    """An account whose password was taken away, as an import leaves it before the hash is stored."""
    person = account_factory()
    with services.database.transaction() as connection:
        connection.execute(delete(Authenticator).where(Authenticator.account_id == person.account_id))
    return person


def test_password_is_compared_as_typed(services, account_factory):
    """ASVS-6.2.8, NIST-63B-3.1.1.2-full-verify: case, blanks and every character count."""
    long = "quiet-lantern-harbour-71-" * 4
    person = account_factory(password=long)
    assert is_right(services.factors, person.account_id, long)
    for wrong in (long + " ", " " + long, long.upper(), long[:-1] + "x", long[:72] + "y" + long[73:]):
        assert not is_right(services.factors, person.account_id, wrong)


def test_composed_and_decomposed_forms_are_the_same(services, account_factory):
    """NIST-63B-3.1.1.2-charset: NFC."""
    person = account_factory(password="café-lantern-harbour-é")
    assert is_right(services.factors, person.account_id, "cafe\u0301-lantern-harbour-e\u0301")


def test_equal_passwords_have_different_verifiers(services, account_factory):
    first, second = account_factory(), account_factory()
    assert stored(services, first.account_id).verifier != stored(services, second.account_id).verifier


def test_verifier_cannot_be_transplanted(services, account_factory):
    """Rule S6: the account is part of what is hashed."""
    owner, thief = account_factory(), account_factory(password="another-harbour-lamp-9")
    with services.database.transaction() as connection:
        connection.execute(
            update(Authenticator)
            .where(Authenticator.account_id == owner.account_id)
            .values(verifier=stored(services, thief.account_id).verifier)
        )
    assert not is_right(services.factors, owner.account_id, thief.password)


def test_database_alone_cannot_verify(services, account_factory):
    """NIST-63B-3.1.1.2-pepper: the verifier is not a hash of the password itself."""
    person = account_factory()
    with pytest.raises(argon2.exceptions.VerifyMismatchError):
        argon2.PasswordHasher().verify(stored(services, person.account_id).verifier, person.password)


def test_raised_cost_is_applied_at_the_next_sign_in(services, account_factory):
    person = account_factory()
    old = stored(services, person.account_id)
    dearer = Factors(
        services.database,
        services.clock,
        services.entropy,
        services.audit,
        services.keyring,
        accounts=services.accounts,
        settings=services.settings.model_copy(update={"password_memory_kib": 9216, "password_iterations": 2}),
        pool=HashingPool(),
    )
    assert not is_right(dearer, person.account_id, "wrong")
    assert stored(services, person.account_id).verifier == old.verifier
    assert is_right(dearer, person.account_id, person.password)
    new = stored(services, person.account_id)
    assert (new.id, new.profile) == (old.id, "own$argon2id$v=19$m=9216,t=2,p=1")
    assert is_right(dearer, person.account_id, person.password)


def test_new_pepper_is_applied_at_the_next_sign_in(services, account_factory):
    person = account_factory()
    old = stored(services, person.account_id)
    services.keyring._masters.make_next()  # noqa: SLF001 - the command that does this re-encrypts everything too
    assert is_right(services.factors, person.account_id, person.password)
    new = stored(services, person.account_id)
    assert new.key_id != old.key_id
    assert is_right(services.factors, person.account_id, person.password)


@pytest.mark.parametrize("scheme", IMPORTED)
def test_imported_hash_is_accepted_and_replaced_by_our_own(services, bare, scheme):
    import_password(services, bare.account_id, IMPORTED[scheme](PASSWORD))
    assert not is_right(services.factors, bare.account_id, PASSWORD + "x")
    assert stored(services, bare.account_id).source == "import"
    assert is_right(services.factors, bare.account_id, PASSWORD)
    row = stored(services, bare.account_id)
    assert row.profile.startswith("own$argon2id$")
    assert row.verifier_mac is None
    assert is_right(services.factors, bare.account_id, PASSWORD)


def test_imported_hash_is_tied_to_its_row(services, bare):
    import_password(services, bare.account_id, IMPORTED["bcrypt"](PASSWORD))
    with services.database.transaction() as connection:
        connection.execute(
            update(Authenticator)
            .where(Authenticator.account_id == bare.account_id)
            .values(verifier=IMPORTED["bcrypt"]("mallory-knows-this-1"))
        )
    assert not is_right(services.factors, bare.account_id, "mallory-knows-this-1")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "$argon2i$v=19$m=8192,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=4096,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=131072,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=65536,t=9,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=65536,t=1,p=8$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=8192,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43 + "\n",
        "$argon2id$v=19$m=8192,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZh$" + "A" * 43,
        "$2b$04$" + "a" * 53,
        "$2b$14$" + "a" * 53,
        "$2x$10$" + "a" * 53,
        "$scrypt$ln=20,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$scrypt$ln=10,r=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$pbkdf2-sha256$i=9999$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$pbkdf2-sha256$i=1000001$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$pbkdf2-sha1$i=20000$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 27,
        "$5$rounds=5000$abcdefgh$" + "a" * 43,
        "$argon2id$" + "9" * 10_000,
    ],
)
def test_hash_out_of_form_or_bounds_is_refused(text):
    """Rule S6: an unbounded one took 8 s a sign-in."""
    with pytest.raises(HashRefused):
        parse(text)


def test_dearest_hash_that_is_taken_costs_little():
    for text in (
        sample_of("$argon2id$v=19$m=65536,t=4,p=4", b"s" * 16, b"d" * 32),
        sample_of("$2b$13", b"s" * 16, b"d" * 32),
        sample_of("$scrypt$ln=16,r=8,p=1", b"s" * 16, b"d" * 32),
        sample_of("$pbkdf2-sha512$i=1000000", b"s" * 16, b"d" * 32),
    ):
        started = time.process_time()
        assert not parse(text).matches("x")
        assert time.process_time() - started < 5
