"""Settings: typed, complete, and refused where a mistake would weaken a deployment (rule O1). Pure."""

from pathlib import Path

import pytest

from idp.foundation.errors import ConfigurationError
from idp.foundation.settings import Settings, load_settings

LEAST = {
    "IDP_ENVIRONMENT": "production",
    "IDP_ISSUER": "https://id.example.gov.cn",
    "IDP_DATABASE_URL": "postgresql://idp:hunter2@db/idp",
    "IDP_KEYS_DIR": "/etc/idp/keys",
}


def settings_of(**changes: str | None) -> Settings:
    environ = LEAST | {f"IDP_{name.upper()}": value for name, value in changes.items()}
    return load_settings({name: value for name, value in environ.items() if value is not None})


def problem_of(**changes: str | None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        settings_of(**changes)
    return str(caught.value)


def test_what_only_a_deployment_can_know_has_no_default():
    """Rule O1: IDP_ENVIRONMENT has no default either."""
    with pytest.raises(ConfigurationError) as caught:
        load_settings({})
    for name in LEAST:
        assert name in str(caught.value)
    for name in LEAST:
        assert name in problem_of(**{name.removeprefix("IDP_").lower(): None})
        assert problem_of(**{name.removeprefix("IDP_").lower(): ""}).startswith(f"Missing settings: {name}.")


def test_everything_else_has_the_defaults_of_the_contract():
    """NIST-63B-2.2.3-reauth, DEC-8-session, FAPI2-SP-5.3.2.1-11-code-60s, ASVS-11.4.2, RFC9700-4.14.2."""
    settings = settings_of()
    assert settings.code_lifetime_seconds == 60
    assert settings.access_token_lifetime_seconds == 600
    assert settings.outside_token_lifetime_seconds == 300
    assert (settings.refresh_idle_seconds, settings.refresh_total_seconds) == (14 * 86_400, 90 * 86_400)
    assert settings.refresh_grace_seconds == 10
    assert settings.logout_token_lifetime_seconds == 120
    assert (settings.session_idle_seconds, settings.session_total_seconds) == (3600, 43_200)
    assert (settings.staff_session_idle_seconds, settings.staff_session_total_seconds) == (900, 28_800)
    assert (settings.aal2_idle_seconds, settings.aal2_total_seconds) == (3600, 43_200)
    assert settings.consent_lifetime_seconds == 365 * 86_400
    assert settings.jwks_max_age_seconds == 300
    assert settings.pending_key_seconds == 86_400
    assert (settings.password_memory_kib, settings.password_iterations) == (19_456, 2)
    assert settings.legacy_profile_allowed is False
    assert settings.trusted_proxies == settings.ops_bind == settings.outbound_allow == ""
    assert settings.proxy_networks == ()


def test_a_misspelt_name_is_refused_and_others_names_are_left_alone():
    assert "IDP_SESION_IDLE_SECONDS" in problem_of(sesion_idle_seconds="60")
    assert load_settings(LEAST | {"PATH": "/bin", "OTHER_IDP_X": "1"}).issuer == LEAST["IDP_ISSUER"]


@pytest.mark.parametrize(
    "issuer",
    [
        "id.example.gov.cn",
        "ftp://id.example.gov.cn",
        "https://",
        "https://id.example.gov.cn/",
        "https://id.example.gov.cn/path",
        "https://id.example.gov.cn?x=1",
        "https://id.example.gov.cn#x",
        "https://user@id.example.gov.cn",
        "https://id.example.gov.cn:port",
        "https://id.example.gov.cn:99999",
        "https://[id.example.gov.cn",
    ],
)
def test_an_issuer_is_an_origin(issuer):
    """OIDC-DISC-3-metadata."""
    assert "IDP_ISSUER" in problem_of(issuer=issuer)


def test_plain_http_and_development_stay_on_this_machine():
    """Rule O1."""
    for environment in ("production", "sandbox"):
        assert "https" in problem_of(environment=environment, issuer="http://localhost:8000")
    for issuer in (
        "http://id.example.gov.cn",
        "https://id.example.gov.cn",
        "http://192.0.2.1:8000",
        "http://localhost.evil.example",
    ):
        assert "localhost" in problem_of(environment="development", issuer=issuer)
    for issuer in ("http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000"):
        assert settings_of(environment="development", issuer=issuer).is_development
    assert "IDP_ENVIRONMENT" in problem_of(environment="prod")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("code_lifetime_seconds", "601"),
        ("code_lifetime_seconds", "soon"),
        ("outside_token_lifetime_seconds", "301"),
        ("logout_token_lifetime_seconds", "121"),
        ("refresh_grace_seconds", "61"),
        ("password_memory_kib", "4096"),
        ("password_memory_kib", "65537"),
        ("database_pool_size", "1"),
        ("trusted_proxies", "10.0.0.0/33"),
        ("trusted_proxies", "proxy.example"),
        ("session_total_seconds", "9" * 20),
        ("key_rotation_days", "3651"),
        ("operator_name", b"\xff".decode(errors="surrogateescape")),
    ],
)
def test_values_out_of_bounds_are_refused_by_name(name, value):
    assert f"IDP_{name.upper()}" in problem_of(**{name: value})


def test_only_the_given_environment_is_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("IDP_CODE_LIFETIME_SECONDS", "599")
    assert settings_of().code_lifetime_seconds == 60


def test_all_problems_are_told_at_once_and_no_value_is():
    """ASVS-16.2.5: an operator pastes errors into tickets."""
    text = problem_of(code_lifetime_seconds="hunter2", issuer="hunter2", refresh_grace_seconds="-1")
    assert {"IDP_CODE_LIFETIME_SECONDS", "IDP_ISSUER", "IDP_REFRESH_GRACE_SECONDS"} <= {
        word.rstrip(":") for word in text.split()
    }
    assert "hunter2" not in text


def test_trusted_proxies_are_networks():
    settings = settings_of(trusted_proxies=" 10.0.0.0/8 , 192.0.2.1,, 2001:db8::/32 ")
    assert [str(network) for network in settings.proxy_networks] == ["10.0.0.0/8", "192.0.2.1/32", "2001:db8::/32"]


class TestFiles:
    def test_a_value_may_come_from_a_file(self, tmp_path: Path):
        file = tmp_path / "url"
        file.write_text("postgresql://idp:secret@db/idp\n", encoding="utf-8")
        assert settings_of(database_url=None, database_url_file=str(file)).database_url.endswith("@db/idp")

    def test_not_from_both_and_not_from_nowhere(self, tmp_path: Path):
        assert "IDP_DATABASE_URL_FILE" in problem_of(database_url_file=str(tmp_path / "url"))
        text = problem_of(database_url=None, database_url_file=str(tmp_path / "nowhere"))
        assert "IDP_DATABASE_URL_FILE" in text

    def test_a_file_that_is_no_text_is_refused(self, tmp_path: Path):
        file = tmp_path / "url"
        file.write_bytes(b"\xff\xfe")
        assert "IDP_DATABASE_URL_FILE" in problem_of(database_url=None, database_url_file=str(file))

    def test_the_certificate_file_is_a_path_of_its_own(self, tmp_path: Path):
        settings = settings_of(outbound_ca_file=str(tmp_path / "ca.pem"))
        assert settings.outbound_ca_file == tmp_path / "ca.pem"


@pytest.mark.parametrize(
    "address", ["nowhere", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:70000", "[::1]"]
)
def test_address_for_operators_has_a_port(address):
    assert "IDP_OPS_BIND: must be HOST:PORT" in problem_of(ops_bind=address)


@pytest.mark.parametrize("address", ["127.0.0.1:9090", "[::1]:9090", ":9090", "9090", ""])
def test_address_for_operators_may_leave_out_the_host(address):
    assert settings_of(ops_bind=address).ops_bind == address


def test_settings_do_not_change():
    with pytest.raises(Exception, match="frozen"):
        settings_of().issuer = "https://evil.example"  # type: ignore[misc]


@pytest.mark.parametrize(
    "origin",
    [
        "https://id.example.gov.cn",
        "http://console.id.example.gov.cn",
        "https://console.example.gov.cn",
        "https://console.id.example.gov.cn/",
        "https://evilid.example.gov.cn",
    ],
)
def test_the_console_has_an_origin_of_its_own_where_the_passkeys_of_officers_work(origin):
    """Rules O4 and A2."""
    with pytest.raises(ConfigurationError, match="IDP_CONSOLE_ORIGIN"):
        load_settings(LEAST | {"IDP_CONSOLE_ORIGIN": origin})
    found = load_settings(LEAST | {"IDP_CONSOLE_ORIGIN": "https://console.id.example.gov.cn"})
    assert found.console_origin == "https://console.id.example.gov.cn"


def test_production_takes_officers_with_passkeys_only():
    """Rule A2."""
    with pytest.raises(ConfigurationError, match="IDP_OFFICER_ACR"):
        load_settings(LEAST | {"IDP_OFFICER_ACR": "urn:idp:acr:aal2"})


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("console:", "console: is refused outside development"),
        ("file:///var/mail", "file: is refused outside development"),
        ("smtp://localhost:25?tls=none", "with tls=none is refused outside development"),
    ],
)
@pytest.mark.parametrize("environment", ["production", "sandbox"])
def test_mail_that_is_unprotected_or_reaches_nobody_is_refused_outside_development(environment, url, words):
    assert f"IDP_SMTP_URL {words}" in problem_of(environment=environment, smtp_url=url)


@pytest.mark.parametrize("url", ["", "smtps://idp:hunter2@mail.example.gov.cn", "smtp://mail.example.gov.cn:587"])
def test_protected_mail_is_accepted_in_production(url):
    assert settings_of(smtp_url=url).smtp_url == url


def test_mail_routes_are_read_with_their_usual_ports():
    implicit = settings_of(smtp_url="smtps://id%40p:a%2Fb@mail.example").mail_route
    assert (implicit.host, implicit.port, implicit.protection) == ("mail.example", 465, "tls")
    assert (implicit.user, implicit.password) == ("id@p", "a/b")
    assert "a/b" not in repr(implicit)
    offered = settings_of(smtp_url="smtp://mail.example").mail_route
    assert (offered.port, offered.protection, offered.user) == (587, "starttls", "")


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.gov.cn",
        "smtp://",
        "http://idp:hunter2@mail.example",
        "smtp://idp:hunter2@mail.example/path",
        "smtp://idp:hunter2@mail.example?tls=maybe",
        "smtp://idp:hunter2@mail.example?tls",
        "smtps://idp:hunter2@mail.example?tls=none",
        "smtp://idp:hunter2@mail.example:70000",
        "smtp://idp:hunter2@[mail",
        "smtp://idp:hunter2@ma\u2100il.example",
        "file://host/var/mail",
        "file:var/mail",
    ],
)
def test_a_mail_address_that_is_not_understood_is_refused_without_being_shown(url):
    problem = problem_of(smtp_url=url)
    assert "IDP_SMTP_URL" in problem
    assert "hunter2" not in problem


def test_unprotected_mail_in_development_stays_on_this_machine():
    changes = {"environment": "development", "issuer": "http://localhost:8000"}
    assert settings_of(**changes, smtp_url="smtp://127.0.0.1:25?tls=none").mail_route.protection == "none"
    assert "another" in problem_of(**changes, smtp_url="smtp://mail.example?tls=none")


@pytest.mark.parametrize("sender", ["a@b@c", "a b@example.cn", "x", "a@example.cn\r\nBcc: b@example.cn", "<a@x.cn>"])
def test_a_sender_that_is_no_address_is_refused(sender):
    assert "IDP_SMTP_FROM" in problem_of(smtp_from=sender)


def test_the_usual_sender_is_of_the_issuer():
    assert settings_of().mail_from == "no-reply@id.example.gov.cn"
    assert settings_of(smtp_from="id@example.gov.cn").mail_from == "id@example.gov.cn"
