"""Whoever is blocked: stopped at each step alike, told whom to call, and nothing that helps an attacker (rule S4)."""

import re

import pytest

from tests.support.software_authenticator import Device
from tests.support.statements import watched
from tests.web.sign_in.test_passkey_pages import options_of
from tests.web.sign_in.test_sign_in_pages import without_what_differs

ADDRESS, NETWORK, ELSEWHERE = "203.0.113.7", "203.0.113.0/24", "198.51.100.1"
LIVE_SESSION = ("/login/account",)
HEADING = "目前不能从这里登录"


@pytest.fixture
def block(services):
    def add(value=NETWORK, kind="network", effect="block", hours=1):
        draft = services.block_changes.draft(effect, kind, value, hours)
        return services.blocks.add(draft, actor="system", reason="attack of tonight")

    return add


@pytest.fixture
def stopped(new_browser):
    """A browser in the network that is blocked."""
    return new_browser(network=ADDRESS)


def is_stopped(page):
    return page.status == 403 and HEADING in page.text


def test_the_answer_is_the_same_whoever_is_meant_and_asks_the_database_nothing(
    stopped, new_browser, account_factory, block, services
):
    person = account_factory(with_totp=True)
    entry = block()
    services.replicas.look()
    answers = set()
    for name, password in ((person.username, person.password), (person.username, "wrong"), ("nobody.at.all", "wrong")):
        stopped.get("/login")
        with watched(services.database) as seen:
            page = stopped.submit("login-submit", username=name, password=password)
        assert seen.texts == []
        answers.add((page.status, without_what_differs(page.source)))
    assert len(answers) == 1
    assert is_stopped(page)
    assert f"{entry.code[:4]} {entry.code[4:]}" in page.text
    assert "tel:12345" in page.source
    assert person.username not in page.source
    elsewhere = new_browser(network=ELSEWHERE)
    elsewhere.get("/login")
    assert elsewhere.sign_in(person.username, person.password).path == "/login/totp"


def test_the_page_speaks_english_too(new_browser, block):
    block()
    browser = new_browser(network=ADDRESS, language="en")
    browser.get("/login")
    page = browser.submit("login-submit", username="somebody", password="something")
    assert "Signing in from here is not possible at present" in page.text


def test_a_passkey_is_stopped_like_a_password(stopped, services, account_factory, issuer, block):
    person, device = account_factory(), Device(issuer)
    options = services.factors.begin_passkey("b", person.account_id, person.username, needs_attestation=False)
    services.factors.add_passkey(
        "b", person.account_id, device.make(options), "", needs_attestation=False, actor="system"
    )
    page = stopped.get("/login")
    block()
    assert is_stopped(stopped.submit("login-passkey", credential=device.use(options_of(page))))


def test_a_sign_in_under_way_is_stopped_at_the_second_factor_and_goes_on_when_the_block_is_over(
    stopped, account_factory, block, clock
):
    person = account_factory(with_totp=True)
    stopped.get("/login")
    assert stopped.sign_in(person.username, person.password).path == "/login/totp"
    block()
    asked = stopped.page.url
    assert is_stopped(stopped.submit(code=person.code(clock)))
    assert stopped.get("/account").path == "/login", "nothing was opened"
    stopped.get(asked)
    clock.advance(3600)
    stopped.get("/login")
    stopped.sign_in(person.username, person.password)
    assert stopped.submit(code=person.code(clock)).path == "/account"


def test_every_step_that_is_posted_is_stopped_but_the_one_that_goes_on_with_a_live_session(stopped, app, block):
    """A step that is added later is stopped, too."""
    stopped.get("/login")
    token = stopped.page.form("login-submit").successful(None)
    fields = [pair for pair in token if pair[0] == "csrf_token"]
    block()
    rules = [
        rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("sign_in.") and "POST" in rule.methods
    ]
    assert len(rules) > 8
    answers = {rule.rule: stopped.post(rule.rule, fields, follow=False) for rule in rules}
    passed = {path for path, page in answers.items() if not is_stopped(page)}
    assert passed == set(LIVE_SESSION)


@pytest.mark.parametrize(
    "path", ["/account/password", "/account/passkeys/new", "/account/totp/new", "/account/recovery-codes"]
)
def test_nobody_sets_up_a_means_of_sign_in_from_there(stopped, account_factory, block, path):
    """It would raise the session, and let whoever took it in again from anywhere."""
    person = account_factory()
    stopped.get("/login")
    stopped.sign_in(person.username, person.password)
    form = next(form for form in stopped.get("/account/password").forms if "csrf_token" in dict(form.successful(None)))
    fields = [("csrf_token", dict(form.successful(None))["csrf_token"])]
    assert not is_stopped(stopped.post(path, fields))
    block()
    assert is_stopped(stopped.post(path, fields))
    assert stopped.get("/account").path == "/account"


def test_live_sessions_and_tokens_go_on(new_browser, new_relying_party, account_factory, block, clock):
    person, tax, welfare = account_factory(with_totp=True), new_relying_party("tax"), new_relying_party("welfare")
    browser = new_browser(network=ADDRESS)
    tokens = tax.sign_in(browser, person, clock)
    block()
    assert browser.get("/account").path == "/account"
    assert welfare.authorize(browser).path == "/consent", "single sign-on is no new sign-in"
    assert tax.userinfo(tokens["access_token"]).status_code == 200


def test_an_allowed_network_wins(stopped, account_factory, block):
    person = account_factory()
    block("203.0.0.0/16")
    block("203.0.113.7", effect="allow")
    stopped.get("/login")
    assert stopped.sign_in(person.username, person.password).path == "/account"


def test_a_device_is_stopped_in_every_network_and_for_every_account(new_browser, account_factory, block, services):
    first, second = account_factory(), account_factory()
    browser = new_browser(network=ELSEWHERE)
    browser.get("/login")
    browser.sign_in(first.username, first.password)
    device = services.devices.of_account(first.account_id)[0]
    block(str(device.id), kind="device")
    browser.get("/login?switch=1")
    page = browser.submit("login-submit", username=second.username, password=second.password)
    assert is_stopped(page)
    other = new_browser(network=ELSEWHERE)
    other.get("/login")
    assert other.sign_in(first.username, first.password).path == "/account"


def test_an_operator_is_stopped_by_the_table_of_networks(stopped, new_browser, account_factory, block, services):
    header = "network,country,region,latitude,longitude,operator,asn\n"
    lines = [header, "203.0.113.0/24,CN,Hubei,30.6,114.3,Example Telecom,64500\n"]
    services.networks.load(lines, "networks.csv", on_bad_line=print)
    person = account_factory()
    block("AS64500", kind="operator")
    stopped.get("/login")
    assert is_stopped(stopped.submit("login-submit", username=person.username, password=person.password))
    elsewhere = new_browser(network=ELSEWHERE)
    elsewhere.get("/login")
    assert elsewhere.sign_in(person.username, person.password).path == "/account"


@pytest.mark.parametrize("network", ["::ffff:203.0.113.7", "::ffff:cb00:7107"])
def test_an_ipv4_address_in_the_notation_of_ipv6_does_not_pass(new_browser, account_factory, block, network):
    person = account_factory()
    block()
    browser = new_browser(network=network)
    browser.get("/login")
    assert is_stopped(browser.submit("login-submit", username=person.username, password=person.password))


class TestForwardedAddresses:
    """Rule O4: what a client writes into the header is believed of a trusted proxy only."""

    @pytest.fixture
    def setting_changes(self):
        return {"IDP_TRUSTED_PROXIES": "10.0.0.0/8"}

    @pytest.fixture
    def posted(self, new_browser, account_factory, block):
        """Sign in from a peer with this header; tell whether it was stopped."""
        person = account_factory()
        block()

        def post(peer, forwarded):
            browser = new_browser(network=peer)
            browser.client.environ_base["HTTP_X_FORWARDED_FOR"] = forwarded
            browser.get("/login")
            return is_stopped(browser.submit("login-submit", username=person.username, password=person.password))

        return post

    @pytest.mark.parametrize(
        ("peer", "forwarded", "expected"),
        [
            ("10.0.0.1", "203.0.113.7", True),
            ("10.0.0.1", "198.51.100.1, 203.0.113.7", True),
            ("10.0.0.1", "198.51.100.1, 203.0.113.7, 10.0.0.2", True),
            ("10.0.0.1", "::ffff:203.0.113.7", True),
            ("10.0.0.1", "203.0.113.7, 198.51.100.1", False),
            ("203.0.113.7", "198.51.100.1", True),
            ("198.51.100.1", "203.0.113.7", False),
        ],
    )
    def test_the_nearest_address_that_is_no_proxy_counts(self, posted, peer, forwarded, expected):
        assert posted(peer, forwarded) is expected


def test_refusals_are_no_failures_of_the_account(stopped, new_browser, account_factory, block, services, clock):
    """Nobody is locked out by what somebody else tried from a blocked network, and the record stays short."""
    person = account_factory()
    block()
    for _ in range(15):
        stopped.get("/login")
        stopped.submit("login-submit", username=person.username, password="wrong")
    clock.advance(60)
    services.blocks.refusals.flush_before()
    actions = [record.action for record in services.event_search.page(_everything(), size=20)]
    assert actions.count("block.refused") == 1
    assert "sign_in.password_refused" not in actions
    owner = new_browser(network=ELSEWHERE)
    owner.get("/login")
    assert owner.sign_in(person.username, person.password).path == "/account"


def test_no_new_address_of_a_blocked_mail_domain_is_taken(services, account_factory, block):
    from idp.accounts.errors import AccountRefused

    old = account_factory(kind="staff")
    services.accounts.set_email(old.account_id, "a@throwaway.example", actor="system", reason="test")
    block("throwaway.example", kind="mail_domain")
    with pytest.raises(AccountRefused, match="e-mail domain"):
        account_factory(email="b@mail.throwaway.example")
    with pytest.raises(AccountRefused, match="e-mail domain"):
        services.accounts.set_email(old.account_id, "b@THROWAWAY.example", actor="system", reason="test")
    services.accounts.set_email(old.account_id, "a@throwaway.example", actor="system", reason="it was theirs before")
    services.accounts.set_email(old.account_id, "a@example.com", actor="system", reason="test")


def _everything():
    from idp.audit.searching import EventFilter

    return EventFilter()


def test_a_code_to_read_out_holds_nothing_of_an_account(stopped, block):
    entry = block()
    stopped.get("/login")
    page = stopped.submit("login-submit", username="somebody", password="something")
    assert re.search(r"[0-9A-F]{4} [0-9A-F]{4}", page.text).group().replace(" ", "") == entry.code
