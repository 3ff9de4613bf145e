"""The register in the console: nobody lets a site in alone, anybody entitled stops one alone (rules A1, O2, O3)."""

import json
import re

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from idp.audit.tallies import REFUSED_CALL
from idp.factors.assurance import VerifiedFactor
from idp.foundation.errors import UserError
from idp.protocol.events import CallsCounted, TokenRefreshed
from idp.registry.models import ClientVersion
from idp.sessions.models import ClientSession, ClientUsage
from idp.sessions.values import Browser as SessionBrowser
from idp.staff.powers import Power
from tests.registry.conftest import PRODUCTION, SANDBOX, tax_in_production, tax_in_sandbox
from tests.support.browser import Browser

CONSOLE = "https://console.id.gov.example"
PATH = "/console/clients/tax"


@pytest.fixture
def setting_changes():
    return {
        **SANDBOX,
        "IDP_CONSOLE_ORIGIN": CONSOLE,
        "IDP_OFFICER_ACR": "urn:idp:acr:aal2",
    }


@pytest.fixture
def registration():
    return tax_in_sandbox


@pytest.fixture
def new_console_browser(console_app):
    return lambda: Browser(console_app, CONSOLE, language="en")


def propose(browser, registration, path="/console/new-client", reason="asked for by the bureau"):
    browser.get(path)
    return browser.submit(registration=json.dumps(registration), reason=reason)


def request_of(services, target="tax"):
    (change,) = services.changes.open_requests(target=target)
    return change


def approve(browser, services):
    browser.get(f"/console/requests/{request_of(services).id}")
    return browser.submit("approve")


@pytest.fixture
def in_force(at_console, services, registration):
    """The tax site, registered by a system administrator and approved; returns the administrator's browser."""
    administrator = at_console(Power.SYSTEM)
    assert propose(administrator, registration()).path == PATH
    for _ in range(services.client_changes.approvals_needed):
        approve(at_console(), services)
    assert services.registry.get("tax").version == 1
    return administrator


class TestInProduction:
    @pytest.fixture
    def setting_changes(self):
        return {
            **PRODUCTION,
            "IDP_CONSOLE_ORIGIN": CONSOLE,
        }

    @pytest.fixture
    def ask(self, services, officer):
        author = officer(Power.SYSTEM)

        def make(**changes):
            given = tax_in_production(**changes)
            known = services.registry.show("tax") and "tax"
            services.client_changes.propose(given, author, "reason", services.changes, client_id=known)
            return request_of(services)

        return make

    def test_two_officers_put_a_site_into_force_and_one_does_not(self, services, officer, ask):
        change, first = ask(), officer()
        services.changes.approve(change.id, change.digest, first)
        with pytest.raises(UserError):
            services.changes.approve(change.id, change.digest, first)
        assert services.registry.get("tax") is None
        services.changes.approve(change.id, change.digest, officer())
        assert services.registry.get("tax").version == 1
        assert services.registry.show("tax").versions[0].change_request_id == change.id

    def test_an_edit_after_the_first_approval_voids_it(self, services, officer, ask):
        change = ask()
        services.changes.approve(change.id, change.digest, officer())
        edited = ask(scope="openid")
        with pytest.raises(UserError):
            services.changes.approve(change.id, change.digest, officer())
        assert edited.digest != change.digest
        assert request_of(services).approver_ids == ()
        services.changes.approve(edited.id, edited.digest, officer())
        assert services.registry.get("tax") is None

    def test_a_file_applied_after_the_first_approval_voids_it_too(self, services, officer, ask):
        change, second = ask(), officer()
        services.changes.approve(change.id, change.digest, officer())
        services.registry.apply(tax_in_production(scope="openid"), actor="command:somebody")
        with pytest.raises(UserError):
            services.changes.approve(change.id, change.digest, second)
        assert services.registry.get("tax") is None
        assert len(request_of(services).approver_ids) == 1

    def test_the_database_refuses_a_version_in_force_without_two_approvals(self, services, officer, ask):
        change = ask()
        services.changes.approve(change.id, change.digest, officer())
        published = update(ClientVersion).where(ClientVersion.client_id == "tax").values(status="published")
        once = {"change_request_id": change.id, "approvals": 1}
        for values in ({}, once, {**once, "approvals": 2}):
            with pytest.raises(IntegrityError), services.database.transaction() as connection:
                connection.execute(published.values(**values))
        assert services.registry.get("tax") is None


def test_a_site_is_proposed_by_one_and_approved_by_another(at_console, services, registration):
    author = at_console(Power.SYSTEM)
    page = propose(author, registration())
    assert "0 of 1 approvals" in page.text
    assert services.registry.get("tax") is None
    assert author.get(f"/console/requests/{request_of(services).id}").status == 403
    approver = at_console()
    approver.get(f"/console/requests/{request_of(services).id}")
    assert "https://tax.gov.example/callback" in approver.page.text
    approver.submit("approve")
    assert services.registry.get("tax").version == 1


def test_what_is_wrong_is_said_and_nothing_typed_is_lost(at_console, services, registration):
    browser = at_console(Power.SYSTEM)
    for given in (
        "{",
        "client_id = ",
        json.dumps(registration(scopes="openid")),
        "[]",
        json.dumps({"client_id": 5}),
        json.dumps({"client_id": "a\0"}),
    ):
        browser.get("/console/new-client")
        page = browser.submit(registration=given, reason="asked for by the bureau")
        assert page.status == 400
        assert page.has("registration-problem")
        assert page.form(fields=["registration"]).successful(None)
    assert propose(browser, registration(), reason="x").has("reason-problem")
    assert propose(browser, registration(client_secret="chosen")).status == 400
    assert services.registry.list() == ()
    assert services.changes.open_requests() == []


def test_a_service_that_is_not_there_is_not_found(at_console):
    browser = at_console(Power.SYSTEM)
    for name in ("nobody", "%00", "a%00b", "%F0%9F%98%80", "x" * 500):
        for path in ("", "/edit", "/versions/1", "/secret"):
            assert browser.get(f"/console/clients/{name}{path}").status == 404


def test_the_list_is_filtered_by_its_address(in_force, services, registration):
    services.registry.apply(
        registration(client_id="parks", client_name="公园", policy={"agency": "parks", "sector": "parks"})
        | {"client_name#en": "Parks"},
        actor="command:somebody",
    )
    assert "parks" in in_force.get("/console/clients").text
    page = in_force.get("/console/clients", agency="tax-bureau")
    assert "Tax Online" in page.text
    assert "Parks" not in page.text
    assert "Parks" in in_force.get("/console/clients", state="waiting").text
    assert "No service matches" in in_force.get("/console/clients", expiring="30d").text
    assert "No service matches" in in_force.get("/console/clients", text="' OR 1=1 --").text
    assert "Parks" in in_force.follow_link("OR 1=1").text


def test_versions_are_compared_and_an_older_one_comes_back(in_force, at_console, services, registration):
    propose(in_force, registration(scope="openid"), f"{PATH}/edit")
    page = in_force.get(f"{PATH}/versions/2")
    assert "openid phone profile openid" in page.text
    approve(at_console(), services)
    assert services.registry.get("tax").scope == {"openid"}
    in_force.get(f"{PATH}/versions/1")
    assert in_force.submit(reason="x").status == 400
    in_force.submit(reason="the new one broke sign-in")
    approve(at_console(), services)
    client = services.registry.get("tax")
    assert (client.version, client.scope) == (3, {"openid", "phone", "profile"})


def test_a_draft_from_the_command_line_is_put_up_for_approval(in_force, at_console, services, registration):
    services.registry.apply(registration(scope="openid"), actor="command:somebody")
    in_force.get(f"{PATH}/versions/2")
    in_force.submit(reason="reviewed with the bureau")
    approve(at_console(), services)
    assert services.registry.get("tax").version == 2


def test_the_author_withdraws_and_nobody_else(in_force, at_console, services, registration):
    page = propose(in_force, registration(scope="openid"), f"{PATH}/edit")
    other = at_console(Power.SYSTEM)
    token = re.search(r'name="csrf_token" value="([^"]+)', other.get(f"{PATH}/edit").source)[1]
    forged = other.post(PATH, {"csrf_token": token, "request": str(request_of(services).id)})
    assert forged.status == 400
    in_force.get(page.path)
    in_force.submit("request")
    assert services.changes.open_requests() == []


@pytest.mark.usefixtures("in_force")
def test_a_delegate_sees_and_changes_the_sites_of_one_agency_only(at_console, services, registration):
    own, other = at_console(Power.DELEGATE, agency="tax-bureau"), at_console(Power.DELEGATE, agency="parks")
    assert "Tax Online" in own.get("/console/clients").text
    assert propose(own, registration(scope="openid"), f"{PATH}/edit").path == PATH
    assert "Tax Online" not in other.get("/console/clients").text
    for path in (PATH, f"{PATH}/edit", f"{PATH}/versions/1", f"{PATH}/secret"):
        assert other.get(path).status == 404
    assert other.get(f"{PATH}/stop").status == 403
    for given in (registration(), registration(client_id="new"), registration(policy={"agency": "parks"})):
        assert propose(other, given).status == 400
    assert [one.client_id for one in services.registry.list()] == ["tax"]


def test_what_is_wrong_with_a_registration_is_said_in_the_officers_language(
    console_app, new_officer, registration, clock
):
    officer, browser = new_officer(Power.SYSTEM), Browser(console_app, CONSOLE, language="zh-CN")
    browser.get("/console")
    browser.sign_in(officer.username, officer.password, officer.code(clock))
    page = propose(browser, registration(redirect_uris=["http://tax.gov.example/cb"], grant_types="code", colour="red"))
    assert page.status == 400
    assert "grant_types：须是列表" in page.text
    assert "colour：不是已知的名称" in page.text
    assert "must be" not in page.text
    browser.get("/console/new-client")
    assert "不是正确的JSON" in browser.submit(registration="{", reason="登记新的服务").text


def test_an_emergency_stop_ends_all_and_no_file_and_no_approval_undoes_it(in_force, at_console, services, registration):
    """Rule O3."""
    propose(in_force, registration(scope="openid"), f"{PATH}/edit")
    officer = at_console()
    officer.get(f"{PATH}/stop")
    assert officer.submit(reason="x").status == 400
    page = officer.submit(reason="its server was taken over")
    assert "Stopped" in page.text
    assert "is being ended: 0 sign-ins" in page.text
    services.registry.apply(registration(), actor="command:somebody")
    in_force.get(f"{PATH}/versions/2")
    in_force.submit(reason="goes on all the same")
    approve(officer, services)
    client = services.registry.get("tax")
    assert (client.version, client.state) == (3, "suspended")
    assert not client.is_active(services.clock.now())


@pytest.mark.usefixtures("in_force")
def test_a_stopped_site_works_again_when_another_officer_approves(at_console, services):
    services.client_changes.stop("tax", actor="system", reason="drill")
    author = at_console()
    author.get(f"{PATH}/resume")
    author.submit(reason="the server was set up anew")
    page = author.get(f"/console/requests/{request_of(services).id}")
    assert "Another officer has to approve" in page.text
    assert services.registry.get("tax").state == "suspended"
    approve(at_console(), services)
    assert services.registry.get("tax").state == "active"


@pytest.mark.usefixtures("in_force")
def test_before_a_stop_stands_which_service_it_is_and_how_many_use_it(at_console, services, clock):
    """Nobody knows services by their ids, and the wrong one is stopped for everybody."""
    clock.advance(minutes=1)
    services.site_usages.count()
    page = at_console().get(f"{PATH}/stop")
    assert page.title.startswith("Stop Tax Online")
    assert "People, 30 days 0" in " ".join(page.text.split())


def test_stopping_wants_a_sign_in_of_the_last_five_minutes(at_console, clock):
    officer = at_console()
    clock.advance(minutes=5, seconds=1)
    assert officer.get(PATH).path == PATH
    assert officer.get(f"{PATH}/stop").path == "/login"


def test_a_new_secret_is_shown_once_and_two_are_accepted(in_force, services, clock):
    def rotate():
        in_force.get(f"{PATH}/secret")
        page = in_force.submit(reason="yearly rotation")
        return re.search(r'id="client-secret">([^<]+)', page.source)[1]

    first, second, third = rotate(), rotate(), rotate()
    client = services.registry.get("tax")
    assert [client.has_secret(one, clock.now()) for one in (first, second, third)] == [False, True, True]
    assert third not in in_force.get(PATH).source
    assert third not in repr(services.audit.export())


@pytest.mark.usefixtures("in_force")
def test_an_auditor_reads_and_changes_nothing(at_console):
    auditor = at_console(Power.AUDIT)
    page = auditor.get(PATH)
    assert page.status == 200
    assert all(form.method != "post" for form in page.forms)
    for path in ("/console/new-client", f"{PATH}/edit", f"{PATH}/stop", f"{PATH}/resume", f"{PATH}/secret"):
        assert auditor.get(path).status == 403


def test_the_list_says_when_a_site_was_last_signed_in_to_and_finds_those_that_are_not_used(
    in_force, at_console, services, account_factory, entropy, clock
):
    assert "No service matches" in in_force.get("/console/clients", unused="90d").text
    clock.advance(days=91)
    browser = at_console(Power.SYSTEM)
    assert "Tax Online" in browser.get("/console/clients", unused="90d").text
    account_id = account_factory().account_id
    factors = [VerifiedFactor("password", clock.now())]
    opened = services.sessions.open(account_id, factors, entropy.uuid7(), SessionBrowser("192.0.2.0/24"))
    visit = {"op_session_id": opened.session_id, "account_id": account_id, "client_id": "tax", "sid": "s", "sub": "t"}
    with services.database.transaction() as connection:
        connection.execute(insert(ClientSession), {**visit, "id": entropy.uuid7(), "created_at": clock.now()})
    assert "No service matches" in browser.get("/console/clients", unused="90d").text
    assert clock.now().isoformat(timespec="seconds") in browser.get("/console/clients").source


def test_the_list_says_how_many_people_use_a_site_and_what_was_refused_to_it(
    in_force, services, account_factory, entropy, clock
):
    def visit(account_id, number):
        factors = [VerifiedFactor("password", clock.now())]
        opened = services.sessions.open(account_id, factors, entropy.uuid7(), SessionBrowser("192.0.2.0/24"))
        row = {"op_session_id": opened.session_id, "account_id": account_id, "client_id": "tax", "sub": "t"}
        with services.database.transaction() as connection:
            values = {**row, "id": entropy.uuid7(), "sid": f"s{number}", "created_at": clock.now()}
            connection.execute(insert(ClientSession), values)

    def line():
        return " ".join(in_force.get("/console/clients").text.split()).partition("Refused, 24 hours")[2]

    assert "not counted yet 0 0" in line()
    one, other = account_factory().account_id, account_factory().account_id
    for number, account_id in enumerate((one, one, other)):
        visit(account_id, number)
    assert services.site_usages.count() == 1
    said = {"call": REFUSED_CALL, "count": 12, "minute": "now"}
    services.audit.record(CallsCounted(client_id="tax", **said))
    services.audit.record(TokenRefreshed(client_id="tax", scope="openid"))
    services.audit.record(CallsCounted(client_id="tax", **said | {"call": "client_credentials", "count": 3}))
    services.audit.record(CallsCounted(client_id="tax", **said | {"call": "introspection"}))
    assert services.site_usages.of_all()["tax"].people == 2
    assert re.search(r", 09:00 2 .*, 09:00 4 12 ", line()), line()
    services.sealer.run()
    assert re.search(r", 09:00 2 .*, 09:00 4 12 ", line()), "sealed or not"
    assert "09:00 4 12" in in_force.get("/console/clients/tax").text


def test_people_are_counted_anew_when_their_count_is_old_and_those_of_long_ago_are_left_out(
    in_force, services, account_factory, entropy, clock
):
    assert in_force
    account_id = account_factory().account_id
    factors = [VerifiedFactor("password", clock.now())]
    opened = services.sessions.open(account_id, factors, entropy.uuid7(), SessionBrowser("192.0.2.0/24"))
    row = {"op_session_id": opened.session_id, "account_id": account_id, "client_id": "tax", "sid": "s", "sub": "t"}
    with services.database.transaction() as connection:
        connection.execute(insert(ClientSession), {**row, "id": entropy.uuid7(), "created_at": clock.now()})
    assert (services.site_usages.count(), services.site_usages.count()) == (1, 0)
    clock.advance(hours=1, seconds=1)
    assert services.site_usages.count() == 1, "few people are counted every hour"
    with services.database.transaction() as connection:
        connection.execute(update(ClientUsage).values(people=20_000))
    clock.advance(hours=2)
    assert services.site_usages.count() == 0, "many are counted once a day"
    clock.advance(days=30)
    assert services.site_usages.count() == 1
    assert services.site_usages.of_all()["tax"].people == 0
