"""The WSGI front: who is asking, what the request is called, and what a broken deployment answers (rule O4)."""

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from idp.foundation.logging import RequestContext, request_context
from idp.web.protocol.front import Front, network_of
from idp.web.shared.surfaces import provider_surface

pytestmark = pytest.mark.only_on("sqlite")


@pytest.fixture
def seen():
    return []


@pytest.fixture
def front(services, seen):
    """The front before an application that only looks at what it was told."""

    def pages(environ, start_response):
        seen.append((environ["REMOTE_ADDR"], request_context.get(), environ["HTTP_HOST"], environ["wsgi.url_scheme"]))
        start_response("204 No Content", [])
        return []

    return Front(services, pages, provider_surface(services.settings))


def ask(front, peer, forwarded=None, **environ):
    environ |= {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "REMOTE_ADDR": peer, "wsgi.url_scheme": "gopher"}
    if forwarded is not None:
        environ["HTTP_X_FORWARDED_FOR"] = forwarded
    assert front(environ, lambda *_: None) == []


class TestWithoutTrustedProxies:
    def test_nobody_is_believed(self, front, seen):
        """RFC9700-4.13-proxy-headers."""
        for forwarded in (None, "", "203.0.113.9", "10.0.0.1, 203.0.113.9", "garbage"):
            ask(front, "198.51.100.7", forwarded, HTTP_X_REAL_IP="203.0.113.9", HTTP_FORWARDED="for=203.0.113.9")
            address, context, *_ = seen.pop()
            assert (address, context.network) == ("198.51.100.7", "198.51.100.0/24")

    def test_the_address_of_this_service_is_a_setting(self, front, seen):
        """OIDC-DISC-4.2-json: a forged Host changes nothing, neither do forwarded ones."""
        ask(front, "198.51.100.7", HTTP_HOST="evil.example", HTTP_X_FORWARDED_PROTO="https", HTTP_X_FORWARDED_HOST="e")
        assert seen[0][2:] == ("localhost:8000", "http")

    def test_a_server_that_names_no_peer_is_this_machine(self, front, seen):
        ask(front, "")
        ask(front, "/run/idp.sock")
        assert [one[1].network for one in seen] == ["127.0.0.0/24", ""]


class TestBehindProxies:
    @pytest.fixture
    def setting_changes(self):
        return {"IDP_TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.1, 2001:db8:ffff::/48"}

    CASES = (
        ("10.1.1.1", "203.0.113.9", "203.0.113.9", "203.0.113.0/24"),
        ("::ffff:10.1.1.1", "203.0.113.9", "203.0.113.9", "203.0.113.0/24"),
        ("10.1.1.1", "203.0.113.9, 10.2.2.2", "203.0.113.9", "203.0.113.0/24"),
        ("10.1.1.1", " 203.0.113.9 ,, 192.0.2.1,10.2.2.2 ", "203.0.113.9", "203.0.113.0/24"),
        # What stands further left was written by whoever asked.
        ("10.1.1.1", "1.1.1.1, 203.0.113.9", "203.0.113.9", "203.0.113.0/24"),
        ("10.1.1.1", "127.0.0.1, 10.9.9.9, 203.0.113.9, 10.2.2.2", "203.0.113.9", "203.0.113.0/24"),
        ("10.1.1.1", "evil, 203.0.113.9", "203.0.113.9", "203.0.113.0/24"),
        # Only proxies, or nothing that can be read: the peer itself.
        ("10.1.1.1", None, "10.1.1.1", "10.1.1.0/24"),
        ("10.1.1.1", "10.2.2.2", "10.1.1.1", "10.1.1.0/24"),
        ("10.1.1.1", "203.0.113.9:4711", "10.1.1.1", "10.1.1.0/24"),
        ("10.1.1.1", "unknown", "10.1.1.1", "10.1.1.0/24"),
        ("10.1.1.1", "203.0.113.9, <script>", "10.1.1.1", "10.1.1.0/24"),
        # Whoever is no proxy cannot speak for others.
        ("198.51.100.7", "203.0.113.9", "198.51.100.7", "198.51.100.0/24"),
        ("192.0.2.2", "203.0.113.9", "192.0.2.2", "192.0.2.0/24"),
        ("2001:db8:ffff::1", "2001:db8:1:2::3", "2001:db8:1:2::3", "2001:db8:1::/48"),
        ("2001:db8:1::1", "203.0.113.9", "2001:db8:1::1", "2001:db8:1::/48"),
    )

    def test_the_nearest_address_that_is_no_proxy_counts(self, front, seen):
        """RFC9700-4.13-proxy-headers; rule S3 counts by it."""
        for peer, forwarded, address, network in self.CASES:
            ask(front, peer, forwarded)
            told, context, *_ = seen.pop()
            assert (told, context.network) == (address, network), (peer, forwarded)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.0/24"),
        ("::ffff:203.0.113.9", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("fe80::1%<script>", "fe80::/48"),
        ("", ""),
        ("localhost", ""),
        ("203.0.113.256", ""),
        ("1", ""),
    ],
)
def test_people_are_counted_by_network(address, network):
    assert network_of(address) == network


class TestReferences:
    def test_each_request_has_its_own_in_logs_audit_and_answer(self, tax, visitor, services, seen, front):
        """ASVS-16.2.1: what a person reads out finds the record."""
        visitor.visit(tax)
        answer = tax.redeem(visitor.code(tax))
        other = tax.redeem("x")
        reference = answer.headers["Request-Id"]
        assert len({reference, other.headers["Request-Id"]}) == 2
        issued = [record for record in services.audit.export() if record.action == "token.issued"]
        assert [record.request_id for record in issued] == [reference]
        ask(front, "127.0.0.1")
        assert seen[0][1].request_id not in {"", reference}
        assert request_context.get() == RequestContext(), "and it ends with the request"

    def test_a_page_shows_it(self, browser):
        page = browser.get("/authorize?client_id=nobody")
        assert page.status == 400
        assert "编号" in page.text

    def test_a_long_user_agent_is_cut(self, front, seen):
        ask(front, "127.0.0.1", HTTP_USER_AGENT="x" * 9000)
        assert seen[0][1].user_agent == "x" * 300


class TestABrokenDatabase:
    """ASVS-16.5.2: fail closed, say so in the standard form, tell nothing of the inside."""

    def test_machines_are_told_to_come_back(self, tax, visitor, services):
        tokens = visitor.tokens(tax)
        with services.database.transaction() as connection:
            connection.execute(text("ALTER TABLE authorization_grant RENAME TO gone"))
        with capture_logs() as logs:
            answers = [
                tax.userinfo(tokens["access_token"]),
                tax.refresh(tokens["refresh_token"]),
                tax.post("/introspect", token=tokens["access_token"]),
            ]
        assert [line["event"] for line in logs] == ["machine_endpoint_unavailable"] * 3
        for answer in answers:
            assert answer.status_code == 503
            assert answer.headers["Retry-After"] == "2"
            assert answer.get_json()["error"] == "temporarily_unavailable"
            assert "grant" not in answer.text
            assert answer.headers["Cache-Control"] == "no-store"

    def test_the_key_set_is_not_told_while_a_key_may_have_been_revoked(self, client, services, clock, issuer):
        assert client.get("/jwks.json", base_url=issuer).status_code == 200
        with services.database.transaction() as connection:
            connection.execute(text("ALTER TABLE key_set_version RENAME TO gone"))
        clock.advance(2)
        with capture_logs() as logs:
            answer = client.get("/jwks.json", base_url=issuer)
        assert [line["event"] for line in logs] == ["machine_endpoint_unavailable"]
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert answer.get_json()["error"] == "temporarily_unavailable"
        assert answer.headers["Cache-Control"] == "no-store"
        assert client.get("/.well-known/openid-configuration", base_url=issuer).status_code == 200

    def test_people_get_a_page(self, tax, visitor, services):
        with services.database.transaction() as connection:
            connection.execute(text("ALTER TABLE op_session RENAME TO gone"))
        with capture_logs() as logs:
            page = tax.authorize(visitor.browser)
        assert [line["event"] for line in logs] == ["unhandled_error"]
        assert page.status >= 500
        assert page.left_to == ""
        assert "op_session" not in page.source

    def test_people_get_a_page_whatever_else_goes_wrong(self, tax, visitor, services):
        """ASVS-16.5.4: a last resort for the unforeseen, here a row that no release of ours has written."""
        with services.database.transaction() as connection:
            connection.execute(text("""UPDATE op_session SET factors = '[["password"]]'"""))
        with capture_logs() as logs:
            page = tax.authorize(visitor.browser)
        assert [line["event"] for line in logs] == ["unhandled_error"]
        assert page.status == 500
        assert "编号" in page.text


class TestCompression:
    def test_the_page_that_carries_a_code_differs_in_length_each_time(self, tax, visitor, app, issuer):
        """BREACH: what comes from the address stands beside a secret, so lengths must not be comparable."""
        visitor.visit(tax)
        lengths = set()
        for _ in range(8):
            parameters = tax.authorization_parameters(response_mode="form_post", state="s" * 43)
            answer = app.test_client(use_cookies=False).get(
                "/authorize",
                base_url=issuer,
                query_string=parameters,
                headers={
                    "Accept-Encoding": "gzip",
                    "Cookie": f"idp_session={visitor.browser.cookie('idp_session')}",
                },
            )
            assert answer.headers["Content-Encoding"] == "gzip"
            lengths.add(len(answer.data))
        assert len(lengths) > 3
