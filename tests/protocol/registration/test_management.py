"""A client looks after its own registration (RFC 7592)."""

import pytest

from tests.support.relying_party import RelyingParty


@pytest.fixture
def citizen(account_factory):
    return account_factory()


def test_client_reads_its_registration(newcomer):
    """RFC7592-2.1-read: the same values, without the secret, which nobody here knows."""
    registered = newcomer.register()
    answer = newcomer.manage("GET")
    assert answer.status_code == 200
    assert answer.get_json() == {name: value for name, value in registered.items() if name != "client_secret"}
    assert answer.headers["Cache-Control"] == "no-store"


def test_client_updates_its_registration(newcomer, services):
    """RFC7592-2.2-update: the new content replaces all of the old one."""
    registered = newcomer.register(contacts=["a@example.org"])
    answer = newcomer.update(client_name="Newcomer Two", contacts=None, client_secret=registered["client_secret"])
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["client_name"] == "Newcomer Two"
    assert "contacts" not in answer.get_json()
    assert newcomer.manage("GET").get_json()["client_name"] == "Newcomer Two"
    assert services.registry.get(registered["client_id"]).client_name == "Newcomer Two"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "tax"},
        {"client_id": None},
        {"client_secret": "chosen-by-the-client"},
        {"registration_access_token": "x"},
        {"registration_client_uri": "x"},
        {"client_id_issued_at": 1},
        {"client_secret_expires_at": 1},
        {"scope": "openid profile email phone address organization"},
        {"scope": "openid ssf.manage"},
        {"redirect_uris": ["https://elsewhere.example/callback"]},
        {"redirect_uris": ["http://app.example.org/callback"]},
    ],
)
def test_update_that_reaches_for_more_is_refused(newcomer, changes):
    """RFC7592-2.2-update: client_id, secret, rights and sector stay what they are, and nothing is half done."""
    newcomer.register()
    before = newcomer.manage("GET").get_json()
    answer = newcomer.update(**changes)
    assert answer.status_code == 400
    assert answer.get_json()["error"] in {"invalid_client_metadata", "invalid_redirect_uri"}
    assert newcomer.manage("GET").get_json() == before


def test_update_cannot_touch_policy(newcomer, services):
    """P9."""
    client_id = newcomer.register()["client_id"]
    policy = services.registry.show(client_id).content["policy"]
    assert newcomer.update(policy={"sector": "tax-bureau"}, sector="tax-bureau", min_acr="x").status_code == 200
    assert services.registry.show(client_id).content["policy"] == policy


def test_deleted_client_is_gone_and_its_tokens_die(app, issuer, newcomer, services, browser, citizen):
    """RFC7592-2.3-delete: 204; access and refresh tokens, sign-ins and the registration access token with it."""
    registered = newcomer.register(grant_types=["authorization_code", "refresh_token"])
    client_id = registered["client_id"]
    site = RelyingParty(app, issuer, client_id, registered["client_secret"], registered["redirect_uris"][0])
    site.authorize(browser, scope="openid offline_access", prompt="consent")
    browser.sign_in(citizen.username, citizen.password)
    tokens = site.redeem(browser.submit("consent-allow").answer["code"]).get_json()
    assert site.userinfo(tokens["access_token"]).status_code == 200
    answer = newcomer.manage("DELETE")
    assert (answer.status_code, answer.data) == (204, b"")
    assert site.userinfo(tokens["access_token"]).status_code == 401
    assert site.refresh(tokens["refresh_token"]).status_code == 401
    assert newcomer.manage("GET").status_code == 401
    assert newcomer.manage("DELETE").status_code == 401
    assert services.registry.get(client_id) is None
    assert site.authorize(browser).status == 400
    assert newcomer.register(client_name="Newcomer")["client_name"] == "Newcomer"


def test_registration_access_token_opens_its_own_client_only(newcomer):
    """RFC7592-2.1-read: unknown client, another client's token, an initial token, none: all the same 401."""
    first = newcomer.register(client_name="First")
    second = newcomer.register(client_name="Second")
    for token in (first["registration_access_token"], newcomer.initial_token, "x", None):
        for method in ("GET", "PUT", "DELETE"):
            assert newcomer.manage(method, {} if method == "PUT" else None, token).status_code == 401
    unknown = newcomer.call("GET", "/register?client_id=dyn-nobody", None, second["registration_access_token"])
    assert unknown.status_code == 401
    assert newcomer.call("GET", "/register", None, second["registration_access_token"]).status_code == 401


def test_registration_access_token_is_kept_as_a_digest(newcomer, services):
    token = newcomer.register()["registration_access_token"]
    with services.database.read() as connection:
        assert token not in str(connection.exec_driver_sql("SELECT * FROM dynamic_client").all())


def test_registered_department_cannot_be_managed(newcomer, registration_factory):
    registration_factory("tax")
    newcomer.register()
    answer = newcomer.call("GET", "/register?client_id=tax", None, newcomer.registered["registration_access_token"])
    assert answer.status_code == 401


def test_suspended_client_cannot_change_itself(newcomer, services):
    """O3: no script undoes an emergency stop."""
    client_id = newcomer.register()["client_id"]
    services.registry.suspend(client_id, actor="command:officer")
    assert newcomer.update(client_name="Again").status_code == 403
    assert newcomer.manage("DELETE").status_code == 403
    assert services.registry.get(client_id).state == "suspended"
