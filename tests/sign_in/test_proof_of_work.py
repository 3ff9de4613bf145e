"""Work instead of a wait (rule S3), and everything that may not count as work: attacked as a cheat would."""

import base64
import hashlib
import json
import threading

import pytest

from idp.foundation.throttle import Refused
from idp.sign_in.proof_of_work import NUMBERS_A_SECOND
from idp.sign_in.values import Finished, WrongPassword

NETWORK = "198.51.100.0/24"


@pytest.fixture
def person(account_factory):
    return account_factory()


@pytest.fixture
def slowed(new_visitor, person, clock):
    """A browser that gave five wrong passwords and is told to wait for eight seconds."""
    visitor = new_visitor(network=NETWORK)
    visitor.fail_slowly(person.username, clock, 5)
    return visitor


def challenge_for(visitor, username):
    refused = visitor.fail(username)
    assert isinstance(refused, Refused)
    return visitor.services.sign_in.work_for(visitor.visit, username, refused)


def solved(challenge, **changes):
    """Do the work, as a browser does."""
    digests = (hashlib.sha256(f"{challenge.salt}{number}".encode()).hexdigest() for number in range(challenge.most + 1))
    number = next(number for number, digest in enumerate(digests) if digest == challenge.challenge)
    return payload(challenge, **{"number": number, **changes})


def payload(challenge, number, **changes):
    work = {
        "algorithm": "SHA-256",
        "challenge": challenge.challenge,
        "number": number,
        "salt": challenge.salt,
        "signature": challenge.signature,
    }
    return base64.b64encode(json.dumps(work | changes).encode()).decode()


def attempt(visitor, username, password, proof):
    return visitor.services.sign_in.submit_password(visitor.visit, visitor.interaction(), username, password, proof)


def test_work_spares_the_wait(slowed, person):
    proof = solved(challenge_for(slowed, person.username))
    assert isinstance(attempt(slowed, person.username, person.password, ""), Refused)
    assert isinstance(attempt(slowed, person.username, person.password, proof), Finished)


def test_a_short_wait_asks_for_no_work(new_visitor, person):
    visitor = new_visitor(network=NETWORK)
    visitor.fail(person.username, 3)
    assert challenge_for(visitor, person.username) is None


def test_work_grows_with_the_wait(slowed, person):
    first = challenge_for(slowed, person.username)
    assert first.most == 8 * NUMBERS_A_SECOND
    assert attempt(slowed, person.username, "wrong-lantern-harbour", solved(first)) == WrongPassword()
    assert challenge_for(slowed, person.username).most == 16 * NUMBERS_A_SECOND


def test_unknown_accounts_are_asked_for_the_same_work(new_visitor, clock):
    """Rule S4."""
    visitor = new_visitor(network=NETWORK)
    visitor.fail_slowly("nobody-here", clock, 5)
    proof = solved(challenge_for(visitor, "nobody-here"))
    assert attempt(visitor, "nobody-here", "wrong-lantern-harbour", proof) == WrongPassword()


def test_a_proof_is_spent_by_one_try(slowed, person):
    proof = solved(challenge_for(slowed, person.username))
    assert attempt(slowed, person.username, "wrong-lantern-harbour", proof) == WrongPassword()
    assert isinstance(attempt(slowed, person.username, person.password, proof), Refused)


def test_a_proof_written_in_another_way_is_the_same_proof(slowed, person):
    """What is spent is the challenge, not its spelling."""
    challenge = challenge_for(slowed, person.username)
    proof = solved(challenge)
    assert attempt(slowed, person.username, "wrong-lantern-harbour", proof) == WrongPassword()
    again = json.loads(base64.b64decode(proof)) | {"number": str(json.loads(base64.b64decode(proof))["number"]), "x": 1}
    rewritten = base64.b64encode(json.dumps(again).encode()).decode()
    assert isinstance(attempt(slowed, person.username, person.password, rewritten), Refused)


def test_of_many_uses_at_once_one_counts(slowed, person):
    proof = solved(challenge_for(slowed, person.username))
    visit, interaction, outcomes = slowed.visit, slowed.interaction(), []
    barrier = threading.Barrier(8)

    def use():
        barrier.wait()
        submit = slowed.services.sign_in.submit_password
        outcomes.append(submit(visit, interaction, person.username, "wrong-lantern-harbour", proof))

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 8
    assert outcomes.count(WrongPassword()) == 1


def test_a_proof_is_for_one_account(slowed, person, account_factory, clock):
    other = account_factory()
    slowed.fail_slowly(other.username, clock, 6)
    proof = solved(challenge_for(slowed, other.username))
    slowed.fail_slowly(person.username, clock, 1)
    assert isinstance(attempt(slowed, person.username, person.password, proof), Refused)


def test_a_proof_is_for_one_browser(slowed, new_visitor, person):
    proof = solved(challenge_for(slowed, person.username))
    other = new_visitor(network=NETWORK)
    assert isinstance(attempt(other, person.username, person.password, proof), Refused)


def test_a_proof_expires(slowed, person, clock):
    """Proofs cannot be made in advance."""
    proof = solved(challenge_for(slowed, person.username))
    clock.advance(minutes=2)
    slowed.fail_slowly(person.username, clock, 1)
    assert isinstance(attempt(slowed, person.username, person.password, proof), Refused)


def test_work_for_a_shorter_wait_does_not_spare_a_longer_one(slowed, person):
    """Challenges collected while they are cheap are worth nothing when it gets dear."""
    cheap = [solved(challenge_for(slowed, person.username)) for _ in range(2)]
    assert attempt(slowed, person.username, "wrong-lantern-harbour", cheap[0]) == WrongPassword()
    assert isinstance(attempt(slowed, person.username, person.password, cheap[1]), Refused)


def test_a_lock_is_spared_by_no_work(slowed, person, clock):
    slowed.fail_slowly(person.username, clock, 4)
    proof = solved(challenge_for(slowed, person.username))
    assert attempt(slowed, person.username, "wrong-lantern-harbour", proof) == WrongPassword()
    refused = slowed.fail(person.username)
    assert refused.is_lock
    assert slowed.services.sign_in.work_for(slowed.visit, person.username, refused) is None


@pytest.mark.parametrize("setting_changes", [{"IDP_THROTTLE_NETWORK_AFTER": "5"}])
def test_a_crowded_network_is_let_through_by_work(new_visitor, account_factory, clock):
    """Rule S3: carrier networks get proof of work, not blocks."""
    attacker = new_visitor(network="8.8.8.0/24")
    for _ in range(8):
        while isinstance(outcome := attacker.fail(account_factory().username), Refused):
            clock.set(outcome.until)
    person = account_factory()
    neighbour = new_visitor(network="8.8.8.0/24")
    assert isinstance(neighbour.password(person.username, person.password), Refused)
    proof = solved(challenge_for(neighbour, person.username))
    assert isinstance(attempt(neighbour, person.username, person.password, proof), Finished)


@pytest.mark.parametrize(
    "change",
    [
        {"number": -1},
        {"number": "x"},
        {"number": None},
        {"number": 1.5},
        {"number": 10**400},
        {"salt": "own?expires=9999999999999999&most=1&"},
        {"salt": ["a"]},
        {"signature": ""},
        {"signature": "é.é"},
        {"signature": "00000000." + "A" * 43},
    ],
)
def test_a_forged_proof_is_refused(slowed, person, change):
    proof = solved(challenge_for(slowed, person.username), **change)
    assert isinstance(attempt(slowed, person.username, person.password, proof), Refused)


@pytest.mark.parametrize("proof", ["x", "e30=", "W10=", "bnVsbA==", "MQ==", "é", "A" * 999])
def test_a_broken_proof_is_refused(slowed, person, proof):
    assert isinstance(attempt(slowed, person.username, person.password, proof), Refused)


def test_work_that_was_not_done_is_refused(slowed, person):
    challenge = challenge_for(slowed, person.username)
    assert isinstance(attempt(slowed, person.username, person.password, payload(challenge, 1)), Refused)
