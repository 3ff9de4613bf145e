"""Whom a stream speaks of (SSF 1.0 §8.1.3, RFC 9493)."""

import pytest

from idp.sessions.values import Selector
from tests.signals.ssf.conftest import ENABLED
from tests.signals.ssf.test_streams import lock


@pytest.fixture
def person(account_factory):
    return account_factory()


def test_removed_subject_is_not_spoken_of_until_it_is_added(tax, receiver, person, sign_in, services, deliver):
    """SSF-8.1.3-subjects."""
    known = sign_in(person, tax)
    tax.subscribe(receiver)
    subject = {"format": "iss_sub", "iss": services.settings.issuer, "sub": known["sub"]}
    body = {"stream_id": tax.stream_id, "subject": subject}
    for _ in range(2):
        assert tax.call("POST", "/ssf/subjects/remove", body).status_code == 204
    lock(services, person)
    services.sessions.terminate(Selector(session_id=known["session_id"]), reason="revoked", actor="command:officer")
    assert deliver() == []
    for _ in range(2):
        answer = tax.call("POST", "/ssf/subjects/add", body | {"verified": True})
        assert (answer.status_code, answer.data) == (200, b"")
    services.accounts.unlock(person.account_id, "x", "command:officer")
    deliver()
    assert receiver.types == [ENABLED]


def test_subject_that_is_not_known_is_passed_over_in_silence(tax, new_department, receiver, person, sign_in, services):
    """SSF-8.1.3-subjects, SSF 1.0 §9.1, rule P6: nobody learns by asking who is known, and nothing changes."""
    welfare = new_department("welfare")
    sub = sign_in(person, welfare)["sub"]
    tax.subscribe()
    welfare.subscribe(receiver)
    issuer = services.settings.issuer
    for path, status in (("/ssf/subjects/add", 200), ("/ssf/subjects/remove", 204)):
        for unknown in (
            {"format": "iss_sub", "iss": issuer, "sub": sub},
            {"format": "iss_sub", "iss": "https://other.example", "sub": sub},
            {"format": "email", "email": "example.user@example.com"},
            {"format": "opaque", "id": "x"},
            {"format": "complex", "user": {"format": "phone_number", "phone_number": "+8613800138000"}},
        ):
            answer = tax.call("POST", path, {"stream_id": tax.stream_id, "subject": unknown})
            assert (answer.status_code, answer.data) == (status, b"")
    with services.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM stream_subject").scalar() == 0


@pytest.mark.parametrize(
    "subject",
    [
        None,
        "x",
        {},
        {"format": 7},
        {"format": "nickname", "nickname": "x"},
        {"format": "email"},
        {"format": "iss_sub", "iss": "https://other.example"},
        {"format": "iss_sub", "iss": "https://other.example", "sub": 7},
        {"format": "complex"},
        {"format": "complex", "user": {"format": "complex", "user": {}}},
    ],
)
def test_what_is_no_subject_is_refused(tax, subject):
    """SSF-8.1.3-subjects, RFC 9493 §3.2."""
    tax.subscribe()
    for path in ("/ssf/subjects/add", "/ssf/subjects/remove"):
        assert tax.call("POST", path, {"stream_id": tax.stream_id, "subject": subject}).status_code == 400
