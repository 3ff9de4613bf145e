"""Introspection (RFC 7662) and revocation (RFC 7009) from the outside: one's own tokens only, and at once (rule P5)."""

import pytest

from tests.protocol.conftest import refused
from tests.support.relying_party import claims_of

INACTIVE = {"active": False}


def state(site, token, **changes):
    response = site.post("/introspect", token=token, **changes)
    assert response.status_code == 200, response.text
    assert response.headers["Cache-Control"] == "no-store"
    return response.get_json()


def revoked(site, token, **changes):
    response = site.post("/revoke", token=token, **changes)
    assert (response.status_code, response.data) == (200, b""), response.text
    return True


class TestIntrospection:
    def test_a_live_token_is_described(self, tax, visitor, services):
        """RFC7662-2.2-members."""
        tokens = visitor.tokens(tax, scope="openid profile")
        told = state(tax, tokens["access_token"], token_type_hint="refresh_token")
        claims = claims_of(tokens["access_token"])
        members = ("iss", "sub", "aud", "client_id", "iat", "exp", "jti", "scope", "auth_time", "acr")
        assert told == {"active": True, "token_type": "Bearer"} | {name: claims[name] for name in members}
        told = state(tax, tokens["refresh_token"], token_type_hint="nonsense")
        assert (told["active"], told["client_id"], told["sub"]) == (True, "tax", claims["sub"])
        assert "grant_ref" not in told

        mine = tax.token(grant_type="client_credentials").get_json()["access_token"]
        told = state(tax, mine)
        assert (told["active"], told["sub"]) == (True, "tax")
        assert services.settings.issuer == told["iss"]

    def test_what_is_not_the_callers_is_simply_not_active(self, tax, welfare, visitor):
        """RFC7662-2.2-inactive: exactly {"active": false}."""
        tokens = visitor.tokens(tax)
        for token in (tokens["access_token"], tokens["refresh_token"]):
            assert state(welfare, token) == INACTIVE
        for token in (tokens["id_token"], "x", "a.b.c", "A" * 80, "ü", "x" * 60_000, tokens["access_token"][:-1]):
            assert state(tax, token) == INACTIVE

    def test_what_has_ended_is_not_active(self, tax, visitor, clock, services):
        first = visitor.tokens(tax)
        second = tax.refresh(first["refresh_token"]).get_json()
        assert state(tax, first["refresh_token"]) == INACTIVE, "only the newest generation can be used"
        assert state(tax, second["refresh_token"])["active"]
        clock.advance(600)
        assert state(tax, second["access_token"]) == INACTIVE
        third = tax.refresh(second["refresh_token"]).get_json()
        assert state(tax, third["access_token"])["active"]
        services.accounts.lock(visitor.account_id, reason="test", actor="command:test")
        for token in (third["access_token"], third["refresh_token"]):
            assert state(tax, token) == INACTIVE, "SESS-account-disable"

    def test_a_logout_is_seen_at_once(self, tax, visitor):
        """SESS-global-logout."""
        tokens = visitor.tokens(tax)
        visitor.browser.get("/logout")
        visitor.browser.submit("logout-confirm")
        for token in (tokens["access_token"], tokens["refresh_token"]):
            assert state(tax, token) == INACTIVE

    @pytest.mark.only_on("sqlite")
    def test_the_caller_must_be_known_and_name_a_token(self, tax, client, issuer):
        """RFC7662-2.1-protected."""
        assert refused(client.post("/introspect", base_url=issuer, data={"token": "x"}), "invalid_client", 401)
        assert refused(tax.post("/introspect"), "invalid_request")
        assert refused(tax.post("/introspect", token=""), "invalid_request")
        assert refused(client.get("/introspect?token=x", base_url=issuer), "invalid_request", 405)

    def test_a_client_learns_the_sub_of_its_own_sector_only(self, tax, welfare, visitor):
        """Rule P6: nothing that leaves correlates."""
        subs = [state(site, visitor.tokens(site)["access_token"])["sub"] for site in (tax, welfare)]
        assert len(set(subs)) == 2


class TestRevocation:
    def test_a_refresh_token_takes_its_access_tokens_along(self, tax, visitor):
        """RFC7009-2.1-own-token."""
        first = visitor.tokens(tax, scope="openid offline_access")
        second = tax.refresh(first["refresh_token"]).get_json()
        assert revoked(tax, second["refresh_token"], token_type_hint="access_token")
        assert refused(tax.refresh(second["refresh_token"]), "invalid_grant")
        for token in (first["access_token"], second["access_token"]):
            assert tax.userinfo(token).status_code == 401
            assert state(tax, token) == INACTIVE

    def test_an_older_refresh_token_revokes_as_well(self, tax, visitor):
        first = visitor.tokens(tax)["refresh_token"]
        second = tax.refresh(first).get_json()["refresh_token"]
        assert revoked(tax, first)
        assert refused(tax.refresh(second), "invalid_grant")

    def test_an_access_token_falls_alone(self, tax, visitor):
        tokens = visitor.tokens(tax)
        assert revoked(tax, tokens["access_token"])
        assert revoked(tax, tokens["access_token"]), "and again"
        assert tax.userinfo(tokens["access_token"]).status_code == 401
        assert state(tax, tokens["access_token"]) == INACTIVE
        again = tax.refresh(tokens["refresh_token"]).get_json()
        assert tax.userinfo(again["access_token"]).status_code == 200

    def test_a_token_without_a_row_is_remembered_as_revoked(self, tax):
        """Rule P5: its jti is denied until it would have expired."""
        mine = [tax.token(grant_type="client_credentials").get_json()["access_token"] for _ in range(2)]
        assert revoked(tax, mine[0])
        assert state(tax, mine[0]) == INACTIVE
        assert state(tax, mine[1])["active"]

    def test_tokens_of_others_and_what_is_no_token_are_answered_alike_and_left_alone(self, tax, welfare, visitor):
        """RFC7009-2.1-own-token, RFC7009-2.2-ok, RFC7009-2.2.1-type."""
        tokens = visitor.tokens(tax)
        for token in (tokens["access_token"], tokens["refresh_token"], tokens["id_token"]):
            assert revoked(welfare, token)
        for token in (tokens["id_token"], "x", "a.b.c", "A" * 80, "ü"):
            assert revoked(tax, token, token_type_hint="nonsense")
        assert tax.userinfo(tokens["access_token"]).status_code == 200
        assert tax.refresh(tokens["refresh_token"]).status_code == 200

    @pytest.mark.only_on("sqlite")
    def test_the_caller_must_be_known_and_name_a_token(self, tax, client, issuer):
        assert refused(client.post("/revoke", base_url=issuer, data={"token": "x"}), "invalid_client", 401)
        assert refused(tax.post("/revoke"), "invalid_request")
