"""What a department receives when a session ends, and what becomes of it (OpenID Connect Back-Channel Logout 1.0)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from idp.foundation.outbox import Message, NewMessage
from tests.registry.conftest import tax
from tests.signals.conftest import parts

SESSION = UUID(int=5)
EVENT = "http://schemas.openid.net/event/backchannel-logout"


def told(services: Any, client_id: str = "tax", **payload: Any) -> Message:
    """Have a message claimed, as a worker does."""
    content = {"client_id": client_id, "sid": "s1", "sub": "u1"} | payload
    services.outbox.enqueue(NewMessage("backchannel_logout", client_id, content, about=SESSION))
    message: Message = services.outbox.claim(client_id)
    return message


def test_logout_token_has_exactly_what_the_specification_asks(services: Any, new_department: Callable[..., Any]):
    """OIDC-BCL-2.4-logout-token, OIDC-BCL-2.5-post."""
    department = new_department()
    assert services.signals.attempt_logout(told(services)).result == "delivered"
    header, claims = parts(department.tokens[0])
    now = int(services.clock.now().timestamp())
    assert department.content_types == ["application/x-www-form-urlencoded"]
    assert (header["typ"], header["alg"]) == ("logout+jwt", "ES256")
    assert claims | {"jti": ""} == {
        "iss": "http://localhost:8000",
        "aud": "tax",
        "iat": now,
        "exp": now + 120,
        "jti": "",
        "events": {EVENT: {}},
        "sid": "s1",
        "sub": "u1",
    }
    assert services.keyring.verify(department.tokens[0], typ="logout+jwt") == claims


def test_logout_token_is_signed_as_the_id_tokens_are(services: Any, new_department: Callable[..., Any]):
    department = new_department(id_token_signed_response_alg="RS256")
    services.signals.attempt_logout(told(services))
    assert parts(department.tokens[0])[0]["alg"] == "RS256"


def test_each_attempt_mints_a_fresh_token(services: Any, clock: Any, new_department: Callable[..., Any]):
    """Rule P12: a retry after an hour is neither expired nor a replay."""
    department = new_department()
    department.status = 500
    message = told(services)
    services.signals.attempt_logout(message)
    clock.advance(3600)
    services.signals.attempt_logout(message)
    first, second = (parts(token)[1] for token in department.tokens)
    assert first["jti"] != second["jti"]
    assert second["iat"] == first["iat"] + 3600


@pytest.mark.parametrize(
    ("status", "result"),
    [(200, "delivered"), (204, "delivered"), (400, "retry"), (500, "retry"), (302, "retry"), (201, "retry")],
)
def test_only_200_and_204_count_as_told(services: Any, new_department: Callable[..., Any], status: int, result: str):
    department = new_department()
    department.status = status
    attempt = services.signals.attempt_logout(told(services))
    assert attempt.result == result
    assert attempt.error in {None, f"the site answered {status}"}


def test_department_that_is_down_is_asked_again(services: Any, new_department: Callable[..., Any]):
    new_department().close()
    attempt = services.signals.attempt_logout(told(services))
    assert (attempt.result, attempt.error) == ("retry", "the call to 127.0.0.1 failed: ConnectionRefusedError")


def test_department_that_left_is_not_asked_again(services: Any):
    assert services.signals.attempt_logout(told(services, "gone")).result == "hopeless"
    services.registry.apply(tax(backchannel_logout_uri=None), actor="system")
    assert services.signals.attempt_logout(told(services, "tax")).result == "hopeless"


def test_suspended_department_is_still_told(services: Any, new_department: Callable[..., Any]):
    department = new_department()
    services.registry.suspend("tax", actor="system")
    assert services.signals.attempt_logout(told(services)).result == "delivered"
    assert len(department.tokens) == 1


def test_ledger_says_who_has_confirmed(services: Any, new_department: Callable[..., Any]):
    """Rule P12: no page claims "signed out everywhere" before every site has confirmed."""
    new_department()
    ledger = services.signals.ledger
    message = told(services)
    assert [line.state for line in ledger.of_sessions([SESSION])] == ["retrying"]
    services.outbox.settle(message, None)
    assert [line.state for line in ledger.of_sessions([SESSION])] == ["delivered"]


def test_dead_letter_stays_unconfirmed_until_it_is_replayed(services: Any, clock: Any):
    ledger = services.signals.ledger
    message = told(services)
    for _ in range(20):
        services.outbox.settle(message, "the site answered 500")
        clock.advance(4000)
        following = services.outbox.claim("tax")
        if following is None:
            break
        message = following
    assert [letter.last_error for letter in ledger.dead_letters()] == ["the site answered 500"]
    assert ledger.counts() == (0, 1)
    assert [line.state for line in ledger.of_sessions([SESSION])] == ["dead"]
    assert ledger.replay("tax") == 1
    assert (ledger.counts(), ledger.dead_letters()) == ((1, 0), [])
    assert services.outbox.claim("tax").attempts == 1
