"""Hypothesis against every endpoint: whatever is sent, the answer is the standard error or a page, never a 500, never a
redirect to an address that is not registered ("Bad input"; RFC6749-3.1-duplicate-param, ASVS-16.5.4).
"""

import base64
import json
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HOSTILE = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
EVIL = "https://evil.example/"
NAMES = [
    "client_id", "redirect_uri", "scope", "state", "nonce", "response_type", "response_mode", "prompt",
    "max_age", "claims", "acr_values", "login_hint", "id_token_hint", "ui_locales", "code_challenge",
    "code_challenge_method", "request", "request_uri", "idp_posted", "i", "l", "lang", "size", "switch",
    "grant_type", "code", "code_verifier", "refresh_token", "client_secret", "client_assertion",
    "client_assertion_type", "token", "token_type_hint", "access_token", "post_logout_redirect_uri",
    "logout_hint", "csrf_token", "answer", "displayed", "claim",
]  # fmt: skip
WORDS = [
    *b"tax code openid none login query form_post S256 authorization_code refresh_token client_credentials".split(),
    b"http://localhost:8001/callback",
    b"http://localhost:8001/",
    EVIL.encode(),
    b"//evil.example/",
    b"urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    b"a.b.c",
    b"e30.e30.e30",
    b"W10.W10.",
    b"\0",
    b"%00",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xc0\x80",
    b"\r\nX-Injected: 1",
    b'"><script>',
    b"{}",
    b"[]",
    b"null",
    b'{"id_token":' * 300,
    b"[" * 5000,
    b"-1",
    b"1e309",
    b"0" * 4300,
    b"x" * 70_000,
    "状态".encode(),
    "\u202e\U0001f600".encode(),
    b"../../etc/passwd",
    b"' OR 1=1 --",
]
_leaf = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
nested = st.recursive(
    _leaf,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
).map(lambda value: json.dumps(value).encode())
values = st.sampled_from(WORDS) | st.binary(max_size=40) | nested
names = st.sampled_from(NAMES).map(str.encode) | st.binary(max_size=10)
fields = st.lists(st.tuples(names, values), max_size=6)
dropped = st.sets(st.integers(0, 8), max_size=2)
addresses = st.sampled_from(["/authorize", "/authorize/resume", "/consent", "/end_session", "/logout", "/login"])
machines = st.sampled_from(["/token", "/par", "/userinfo", "/introspect", "/revoke"])
methods = st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE"])
odd_headers = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=40)
content_types = st.sampled_from(
    [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=utf-16",
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "text/plain",
        "",
        ";",
        "é",
    ]
)


def body_of(pairs, *, is_encoded):
    """Return the fields as a client would send them, or as one that does not know how."""
    if is_encoded:
        return b"&".join(
            quote_from_bytes(name).encode() + b"=" + quote_from_bytes(value).encode() for name, value in pairs
        )
    return b"&".join(name + b"=" + value for name, value in pairs)


def mixed(good, drop, hostile, *, is_replacing):
    """Return a good request with a few parameters missing, and hostile ones beside the good or instead of them."""
    kept = [(name.encode(), value.encode()) for place, (name, value) in enumerate(good.items()) if place not in drop]
    return list(dict([*kept, *hostile]).items()) if is_replacing else [*kept, *hostile]


@pytest.fixture
def send(app, issuer):
    """Send anything at all, past every client library that would know better."""
    client = app.test_client(use_cookies=False)

    def send(method, path, query=b"", body=b"", **environ):
        environ = {name: value for name, value in environ.items() if value is not None}
        return client.open(
            path,
            method=method,
            base_url=issuer,
            data=body or None,
            environ_overrides={"QUERY_STRING": query.decode("latin-1"), **environ},
        )

    return send


def is_safe(response):
    """Tell whether an answer is one of ours: no fault, no header of somebody else's, no way out."""
    assert response.status_code < 500, (response.status_code, response.text[:500])
    assert "X-Injected" not in response.headers
    location = response.headers.get("Location", "/")
    is_home = location.startswith("/") and not location.startswith(("//", "/\\"))
    assert is_home or location.startswith(("http://localhost:8001/callback?", "http://localhost:8001/?")), location
    return response


@HOSTILE
@given(
    path=addresses,
    method=methods,
    hostile=fields,
    drop=dropped,
    is_encoded=st.booleans(),
    is_replacing=st.booleans(),
    cookie=st.sampled_from(["live", "none", "odd"]),
    content_type=content_types,
)
def test_a_page_or_a_redirect_home_whatever_comes(
    send, tax, visitor, path, method, hostile, drop, is_encoded, is_replacing, cookie, content_type
):
    good = tax.authorization_parameters() if path == "/authorize" else {}
    data = body_of(mixed(good, drop, hostile, is_replacing=is_replacing), is_encoded=is_encoded)
    session, presession = visitor.browser.cookie("idp_session"), visitor.browser.cookie("idp_presession")
    cookies = {
        "live": f"idp_session={session}; idp_presession={presession}",
        "odd": "idp_session=\xff\xfe; idp_presession=; idp_lang=\x80; idp_size=9; =; ;",
        "none": None,
    }
    is_post = method in {"POST", "PUT"}
    response = is_safe(
        send(
            method,
            path,
            b"" if is_post else data,
            data if is_post else b"",
            HTTP_COOKIE=cookies[cookie],
            CONTENT_TYPE=content_type if is_post else None,
        )
    )
    if response.status_code >= 400:
        assert response.mimetype == "text/html"


@settings(HOSTILE, max_examples=40)
@given(
    host=odd_headers,
    accept=odd_headers,
    path=st.text(max_size=20),
    agent=st.sampled_from(["", "x" * 5000, "\xff", "<script>"]),
)
def test_odd_headers_and_paths_harm_nobody(send, host, accept, path, agent):
    headers = {
        "HTTP_HOST": host,
        "HTTP_ACCEPT_LANGUAGE": accept,
        "HTTP_ACCEPT_ENCODING": accept,
        "HTTP_IF_NONE_MATCH": accept,
        "HTTP_USER_AGENT": agent,
        "HTTP_SEC_FETCH_SITE": accept,
        "HTTP_ORIGIN": accept,
        "HTTP_X_FORWARDED_FOR": accept,
        "HTTP_X_FORWARDED_HOST": "evil.example",
    }
    raw = "/" + path.encode("utf-8", "replace").decode("latin-1")
    for wanted in ("/login", "/jwks.json", raw, "/authorize" + raw):
        is_safe(send("GET", "/", PATH_INFO=wanted, **headers))


@HOSTILE
@given(
    path=machines,
    method=methods,
    hostile=fields,
    drop=dropped,
    is_encoded=st.booleans(),
    is_replacing=st.booleans(),
    authorization=st.sampled_from(["basic", "bearer", "none", "both", "foreign"]) | odd_headers,
    content_type=content_types,
    grant=st.sampled_from(["authorization_code", "refresh_token", "client_credentials"]),
)
def test_the_standard_error_whatever_comes(
    send, tax, path, method, hostile, drop, is_encoded, is_replacing, authorization, content_type, grant
):
    good = {"grant_type": grant, "code": "x", "redirect_uri": tax.redirect_uri, "refresh_token": "A" * 80}
    data = body_of(
        mixed(good if path == "/token" else {"token": "a.b.c"}, drop, hostile, is_replacing=is_replacing),
        is_encoded=is_encoded,
    )
    basic = "Basic " + base64.b64encode(f"tax:{tax.client_secret}".encode()).decode()
    known = {
        "basic": basic,
        "bearer": "Bearer a.b.c",
        "none": None,
        "both": f"{basic}, {basic}",
        "foreign": "Basic " + base64.b64encode(b"\xff\x00:" + b"x" * 9000).decode(),
    }
    is_post = method in {"POST", "PUT"}
    response = is_safe(
        send(
            method,
            path,
            b"" if is_post else data,
            data if is_post else b"",
            HTTP_AUTHORIZATION=known.get(authorization, authorization),
            HTTP_ORIGIN="https://evil.example",
            CONTENT_TYPE=content_type if is_post else None,
        )
    )
    assert "Location" not in response.headers
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    if response.status_code >= 400 and response.data:
        body = response.get_json()
        assert set(body) == {"error", "error_description"}
        assert body["error"].isascii()
        assert '"' not in body["error_description"]


@settings(HOSTILE, max_examples=40)
@given(length=st.sampled_from(["-1", "²", "x", "1e3", " 5", "99999999999999999999", "+5", ""]))
def test_a_length_that_is_no_number_is_refused(send, length):
    response = send("POST", "/token", CONTENT_LENGTH=length, CONTENT_TYPE="application/x-www-form-urlencoded")
    assert response.status_code in {400, 413}
    assert set(response.get_json()) == {"error", "error_description"}
