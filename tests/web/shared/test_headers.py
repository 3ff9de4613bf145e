"""Security headers of every response, errors too (ASVS 3.4.1 to 3.4.8, 14.3.2)."""

import pytest

from idp.web.shared.headers import form_action_source, machine_headers, page_headers

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action {}; "
    "frame-ancestors 'none'; base-uri 'none'"
)


@pytest.mark.parametrize(
    "path", ["/login", "/errors/404", "/nowhere", "/fails", "/aborts/429", "/machine", "/assets/idp.js"]
)
def test_every_response_carries_the_headers(visitor, path):
    headers = visitor.get(path).headers
    assert {name: headers[name] for name in EVERYWHERE} == EVERYWHERE
    assert headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "Server" not in headers


def test_pages_are_not_stored_and_allow_only_our_own_files(visitor):
    headers = visitor.get("/login").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"] == POLICY.format("'self'")
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_page_whose_form_ends_at_a_service_names_that_service_only(visitor):
    policy = visitor.get("/consent").headers["Content-Security-Policy"]
    assert policy == POLICY.format("'self' https://tax.example.gov.cn")


def test_machine_responses_get_a_policy_that_allows_nothing(visitor):
    headers = visitor.get("/machine").headers
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "Permissions-Policy" not in headers


def test_plain_http_promises_no_transport_security(plain_visitor):
    assert "Strict-Transport-Security" not in plain_visitor.get("/login").headers
    assert "Strict-Transport-Security" not in dict(machine_headers(is_https=False))


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("https://tax.example.gov.cn/callback?x=1", "https://tax.example.gov.cn"),
        ("https://TAX.example.gov.cn:8443/", "https://tax.example.gov.cn:8443"),
        ("http://localhost:8001/callback", "http://localhost:8001"),
        ("http://127.0.0.1:*/callback", "http://127.0.0.1:*"),
        ("http://[::1]:*/callback", "http:"),
        ("http://[::1]/", "http:"),
        ("http://[::1].evil.example/", None),
        ("http://[2001:db8::1]/", None),
        ("https://user:secret@tax.example.gov.cn/", "https://tax.example.gov.cn"),
        ("cn.gov.example.app:/callback", "cn.gov.example.app:"),
        ("https://evil.example;script-src *", None),
        ("https://evil.example 'unsafe-inline'/", None),
        ("https://[::1]:8000/", None),
        ("/relative", None),
        ("", None),
    ],
)
def test_address_becomes_a_policy_source_or_nothing(address, source):
    assert form_action_source(address) == source


def test_sources_are_named_once():
    headers = dict(page_headers(["https://a.example/1", "https://a.example/2", "bad"], is_https=True))
    assert "form-action 'self' https://a.example;" in headers["Content-Security-Policy"]
