"""Refresh tokens (RFC 6749 §6, RFC 9700 §4.14.2, OpenID Connect Core §12; rule P2)."""

import json

import pytest
from sqlalchemy import func, select, update

from idp.audit.models import AuditEvent
from idp.foundation.digests import b64url, unb64url
from idp.protocol.artefacts.refresh_family import RefreshFamilyRow
from idp.sessions.values import Selector
from tests.protocol.conftest import refused
from tests.support.relying_party import claims_of

OFFLINE = "openid profile offline_access"
DAY = 86_400


def refreshed(site, token, **changes):
    response = site.refresh(token, **changes)
    assert response.status_code == 200, response.text
    return response.get_json()


def successor(site, token):
    return refreshed(site, token)["refresh_token"]


def generations(services):
    with services.database.read() as connection:
        return list(connection.scalars(select(RefreshFamilyRow.generation)))


def verdicts(services):
    statement = select(AuditEvent.detail).where(AuditEvent.action == "token.refresh_replayed").order_by(AuditEvent.id)
    with services.database.read() as connection:
        return [detail["verdict"] for detail in connection.scalars(statement)]


def test_a_refresh_tells_the_same_sign_in_anew(tax, visitor, clock):
    """OIDC-CORE-12-refresh, RFC6749-5.1-nostore."""
    first = visitor.tokens(tax)
    clock.advance(300)
    response = tax.refresh(first["refresh_token"])
    second = response.get_json()

    assert response.headers["Cache-Control"] == "no-store"
    assert second["refresh_token"] != first["refresh_token"]
    before, after = claims_of(first["id_token"]), claims_of(second["id_token"])
    for claim in ("iss", "sub", "aud", "azp", "auth_time", "acr", "amr", "sid"):
        assert after[claim] == before[claim], claim
    assert after["iat"] == before["iat"] + 300
    assert "nonce" not in after, "the nonce belonged to the authorization request"
    assert tax.userinfo(second["access_token"]).status_code == 200
    assert claims_of(second["access_token"])["jti"] != claims_of(first["access_token"])["jti"]


def test_an_honest_retry_gets_the_same_successor_twice_at_most(tax, visitor, clock, services):
    """RFC9700-4.14.2; rule P2."""
    first = visitor.tokens(tax)["refresh_token"]
    second = successor(tax, first)
    clock.advance(10)
    assert [successor(tax, first), successor(tax, first)] == [second, second]
    assert refused(tax.refresh(first), "invalid_grant"), "a third retry is no honest client any more"
    assert generations(services) == [1]
    assert tax.refresh(second).status_code == 200, "and costs the family nothing within the grace"


def test_a_replay_after_the_grace_ends_family_and_grant(tax, visitor, clock, services):
    """RFC9700-2.2.2-refresh-public, RFC9700-4.14.2, ASVS-10.4.5."""
    first = visitor.tokens(tax)["refresh_token"]
    second = refreshed(tax, first)
    clock.advance(11)
    assert refused(tax.refresh(first), "invalid_grant")
    assert refused(tax.refresh(second["refresh_token"]), "invalid_grant")
    assert tax.userinfo(second["access_token"]).status_code == 401, "the grant fell too"
    assert verdicts(services) == ["replay"]


def test_a_replay_once_the_successor_was_used_has_no_grace(tax, visitor):
    """RFC9700-4.14.2: R1 again after R2 was used."""
    first = visitor.tokens(tax)["refresh_token"]
    third = successor(tax, successor(tax, first))
    assert refused(tax.refresh(first), "invalid_grant")
    assert refused(tax.refresh(third), "invalid_grant")


def test_the_third_generation_in_a_row_that_needs_the_grace_ends_the_family(tax, visitor):
    """Rule P2: two parties that both refresh would live in the grace for ever."""
    token = visitor.tokens(tax)["refresh_token"]
    for _ in range(2):
        following = successor(tax, token)
        assert successor(tax, token) == following
        token = following
    following = successor(tax, token)
    assert refused(tax.refresh(token), "invalid_grant")
    assert refused(tax.refresh(following), "invalid_grant")


def test_one_generation_without_retry_starts_the_count_anew(tax, visitor):
    token = visitor.tokens(tax)["refresh_token"]
    for needs_grace in (True, True, False, True, True):
        following = successor(tax, token)
        if needs_grace:
            assert successor(tax, token) == following
        token = following
    assert tax.refresh(token).status_code == 200


def test_a_forged_token_rotates_nothing(tax, visitor, services):
    """The family and the generation can be read from any token, and are worth nothing without their seal."""
    token = visitor.tokens(tax)["refresh_token"]
    raw = unb64url(token)
    for place in (0, 15, 16, 19, 20, 23, 24, len(raw) - 17, len(raw) - 1):  # family, generation, key id, data, tag
        forged = b64url(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        assert refused(tax.refresh(forged), "invalid_grant")
    for other in (b"", raw[:16], raw[:20], raw[:40], raw[:-1], raw + b"x", raw[:24] + raw[40:], raw[:20] + raw):
        assert refused(tax.refresh(b64url(other) or "x"), "invalid_grant")
    for text in (token + "=", token + "A", "é" + token, token * 50, "..", "a.b.c"):
        assert refused(tax.refresh(text), "invalid_grant")
    assert generations(services) == [0]
    assert not verdicts(services)
    assert tax.refresh(token).status_code == 200


def test_the_seal_of_one_token_does_not_fit_another(tax, visitor, services):
    """What was granted to one family, or in one generation, cannot be put under the head of another."""
    small, large = (visitor.tokens(tax, scope=scope)["refresh_token"] for scope in ("openid", "openid profile email"))
    following = successor(tax, small)
    for head, seal in ((small, large), (large, small), (small, following)):
        assert refused(tax.refresh(b64url(unb64url(head)[:20] + unb64url(seal)[20:])), "invalid_grant")
    assert sorted(generations(services)) == [0, 1]
    assert not verdicts(services)


def test_nobody_reads_what_a_token_carries(tax, visitor):
    """Rule P6: the account and the sector's identifier would tie sites together; ASVS-14.2.1."""
    token = visitor.tokens(tax)
    raw = unb64url(token["refresh_token"])
    sub = claims_of(token["id_token"])["sub"]
    for secret in (visitor.account_id.bytes, str(visitor.account_id).encode(), sub.encode(), b"openid", b"tax"):
        assert secret not in raw


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "openid admin"}, "invalid_scope"),
        ({"resource": "https://nowhere.test/"}, "invalid_target"),
        ({"authorization_details": '[{"type": "none"}]'}, "invalid_authorization_details"),
    ],
)
def test_a_replay_that_asks_too_much_ends_the_family_as_any_other(tax, visitor, services, clock, changes, error):
    """RFC9700-4.14.2: whoever tries a stolen token with other wishes is found out as well."""
    first = visitor.tokens(tax)["refresh_token"]
    second = successor(tax, first)
    clock.advance(11)
    assert refused(tax.refresh(first, **changes), error)
    assert verdicts(services) == ["replay"]
    assert refused(tax.refresh(second), "invalid_grant")


def test_a_generation_that_was_never_issued_is_refused_and_noted(tax, visitor, services):
    """Rule P2: the database went back to an older state, and no family may grow a second branch."""
    first = visitor.tokens(tax)["refresh_token"]
    third = successor(tax, successor(tax, first))
    with services.database.transaction() as connection:
        connection.execute(update(RefreshFamilyRow).values(generation=1))
    assert refused(tax.refresh(third), "invalid_grant")
    assert verdicts(services) == ["ahead"]
    assert generations(services) == [1]


def test_a_token_of_another_client_is_refused_and_harms_nothing(tax, welfare, visitor, services):
    """RFC6749-5.2: the refresh token was issued to another client."""
    token = visitor.tokens(tax)["refresh_token"]
    assert refused(welfare.refresh(token), "invalid_grant")
    assert verdicts(services) == ["another client"]
    assert tax.refresh(token).status_code == 200


def test_the_scope_may_be_narrowed_for_one_access_token(tax, visitor):
    """OIDC-CORE-12-refresh, FAPI2-SP-5.3.2.1-14-least-privilege."""
    token = visitor.tokens(tax, scope="openid profile email")["refresh_token"]
    narrow = refreshed(tax, token, scope="openid  email")
    assert narrow["scope"] == "openid email"
    assert set(tax.userinfo(narrow["access_token"]).get_json()) == {"sub", "email", "email_verified"}
    again = refreshed(tax, narrow["refresh_token"])
    assert again["scope"].split() == ["email", "openid", "profile"], "the refresh token itself keeps its scope"


def test_without_openid_a_refresh_brings_no_id_token(tax, visitor):
    token = visitor.tokens(tax, scope="openid profile email")["refresh_token"]
    narrow = refreshed(tax, token, scope="email")
    assert "id_token" not in narrow
    response = tax.userinfo(narrow["access_token"])
    assert response.status_code == 403
    assert 'error="insufficient_scope"' in response.headers["WWW-Authenticate"], "OIDC-CORE-5.3.3-errors"


def test_a_wider_scope_is_refused_and_costs_nothing(tax, visitor, services):
    """OIDC-CORE-12-refresh."""
    token = visitor.tokens(tax)["refresh_token"]
    for scope in ("openid profile phone", "openid offline_access", "openid admin", "OPENID"):
        assert refused(tax.refresh(token, scope=scope), "invalid_scope")
    assert generations(services) == [0]
    assert tax.refresh(token).status_code == 200


def test_a_token_that_is_used_lives_on_until_the_total_ends(tax, visitor, clock):
    """RFC9700-4.14.2: idle expiry; a bound on the whole family."""
    token = visitor.tokens(tax, scope=OFFLINE)["refresh_token"]
    for _ in range(6):
        clock.advance(14 * DAY - 1)
        token = successor(tax, token)
    clock.advance(6 * DAY + 5)
    token = successor(tax, token)
    clock.advance(1)
    assert refused(tax.refresh(token), "invalid_grant"), "90 days are over"


def test_a_token_that_is_not_used_for_two_weeks_ends(tax, visitor, clock):
    token = visitor.tokens(tax, scope=OFFLINE)["refresh_token"]
    clock.advance(14 * DAY)
    assert refused(tax.refresh(token), "invalid_grant")


def test_without_offline_access_a_token_ends_with_the_session(tax, visitor, clock):
    """DEC-3-rotation, OIDC-BCL-2.7-refresh."""
    tokens = visitor.tokens(tax)
    clock.advance(43_199)
    tokens = refreshed(tax, tokens["refresh_token"])
    clock.advance(1)
    assert refused(tax.refresh(tokens["refresh_token"]), "invalid_grant")
    assert tax.userinfo(tokens["access_token"]).status_code == 401


def test_logout_ends_what_hangs_on_the_session_and_spares_what_is_offline(tax, visitor, services):
    """OIDC-BCL-2.7-refresh, DEC-3-rotation."""
    bound, offline = visitor.tokens(tax), visitor.tokens(tax, scope=OFFLINE)
    visitor.browser.get("/logout")
    visitor.browser.submit("logout-confirm")
    assert refused(tax.refresh(bound["refresh_token"]), "invalid_grant")
    assert tax.userinfo(bound["access_token"]).status_code == 401
    offline = refreshed(tax, offline["refresh_token"])
    assert tax.userinfo(offline["access_token"]).status_code == 200

    services.sessions.terminate(Selector(account_id=visitor.account_id), reason="security", actor="command:test")
    assert refused(tax.refresh(offline["refresh_token"]), "invalid_grant"), "SESS-global-logout"
    assert tax.userinfo(offline["access_token"]).status_code == 401


def test_staff_ending_a_session_end_its_offline_grants_too(tax, visitor, services):
    """SESS-global-logout."""
    token = visitor.tokens(tax, scope=OFFLINE)["refresh_token"]
    services.sessions.terminate(Selector(session_id=visitor.session_id), reason="security", actor="command:test")
    assert refused(tax.refresh(token), "invalid_grant")


def test_lock_withdrawal_and_suspension_stop_a_refresh(tax, welfare, visitor, services):
    """SESS-account-disable, ASVS-7.4.2; rules P1 and P5."""
    withdrawn = visitor.tokens(tax, scope=OFFLINE)["refresh_token"]
    services.consents.withdraw(visitor.account_id, "tax", actor="command:test")
    assert refused(tax.refresh(withdrawn), "invalid_grant")

    token = visitor.tokens(tax, scope=OFFLINE)["refresh_token"]
    services.registry.suspend("tax", actor="command:test")
    assert refused(tax.refresh(token), "invalid_client", 401)
    services.registry.resume("tax", actor="command:test")

    other = visitor.tokens(welfare)["refresh_token"]
    services.accounts.lock(visitor.account_id, reason="test", actor="command:test")
    assert refused(tax.refresh(token), "invalid_grant")
    assert refused(welfare.refresh(other), "invalid_grant")


def test_a_new_master_key_leaves_issued_tokens_good(tax, visitor, services):
    """Rule P2: the token names the key it was sealed with."""
    token = visitor.tokens(tax)["refresh_token"]
    services.keyring.new_master_key()
    following = successor(tax, token)
    assert unb64url(following)[20:24] != unb64url(token)[20:24]
    assert tax.refresh(following).status_code == 200


def test_a_client_without_the_grant_type_gets_none_and_may_not_ask(new_relying_party, tax, visitor):
    """RFC6749-5.2 unauthorized_client."""
    site = new_relying_party("plain", grant_types=["authorization_code"])
    assert "refresh_token" not in visitor.tokens(site)
    token = visitor.tokens(tax)["refresh_token"]
    assert refused(site.refresh(token), "unauthorized_client")
    assert refused(tax.token(grant_type="refresh_token"), "invalid_request")


def test_a_refresh_token_is_stored_nowhere(tax, visitor, services):
    """Rule P2, ASVS-11.5.1: whoever reads the database cannot refresh."""
    token = visitor.tokens(tax)["refresh_token"]
    seal = unb64url(token)[20:]
    with services.database.read() as connection:
        rows = connection.execute(select(RefreshFamilyRow.__table__)).all()
        count = connection.scalar(select(func.count()).select_from(RefreshFamilyRow))
    assert count == 1
    assert not any(
        value in {token, seal, seal[4:], seal[-16:]} for row in rows for value in row if isinstance(value, str | bytes)
    )


def test_what_a_registration_loses_its_tokens_lose_at_the_next_use(tax, visitor, registration_factory):
    """Rule P5: staff who take a scope away from a client take it from what it holds as well."""
    claims = {"userinfo": {"email": {"essential": True}}, "id_token": {"email": {"essential": True}}}
    first = visitor.tokens(tax, scope="openid profile phone", claims=json.dumps(claims))
    assert "phone_number" in tax.userinfo(first["access_token"]).get_json()
    registration_factory("tax", scope="openid profile")
    assert tax.userinfo(first["access_token"]).get_json().keys().isdisjoint({"phone_number", "email"})
    second = refreshed(tax, first["refresh_token"])
    assert second["scope"] == "openid profile"
    assert claims_of(second["access_token"])["scope"] == "openid profile"
    assert "email" not in claims_of(second["id_token"])
