"""Changing and stopping clients: one transaction each, and one officer of several at once (rules A1, O3)."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from idp.foundation.errors import UserError
from idp.registry.errors import RegistrationRefused
from idp.registry.views import Refused
from idp.staff.powers import Power
from tests.registry.conftest import PRODUCTION, tax, tax_in_production


class TestInProduction:
    @pytest.fixture
    def setting_changes(self):
        return PRODUCTION

    def test_officers_approving_at_once_fill_both_slots_and_publish_once(self, services, officer):
        author, approvers = officer(Power.SYSTEM), [officer() for _ in range(4)]
        request_id = services.client_changes.propose(tax_in_production(), author, "new site", services.changes)
        digest, together = services.changes.get(request_id).digest, Barrier(len(approvers))

        def approve(approver):
            together.wait()
            for _ in range(2):
                try:
                    return services.changes.approve(request_id, digest, approver).state
                except UserError:
                    continue
            return "refused"

        with ThreadPoolExecutor(len(approvers)) as pool:
            outcomes = list(pool.map(approve, approvers))
        change = services.changes.get(request_id)
        assert outcomes.count("applied") == 1
        assert (change.state, len(set(change.approver_ids))) == ("applied", 2)
        assert [version.status for version in services.registry.show("tax").versions] == ["published"]

    def test_an_author_who_became_a_security_officer_still_does_not_approve_their_own(
        self, services, new_officer, officer
    ):
        person = new_officer(Power.SYSTEM)
        author = services.staff.officer(person.account_id)
        request_id = services.client_changes.propose(tax_in_production(), author, "new site", services.changes)
        services.staff.grant(person.account_id, Power.SECURITY, actor="system", reason="moved")
        digest, author = services.changes.get(request_id).digest, services.staff.officer(person.account_id)
        with pytest.raises(UserError):
            services.changes.approve(request_id, digest, author)
        services.changes.approve(request_id, digest, officer())
        assert services.registry.get("tax") is None

    def test_an_edit_and_the_last_approval_at_once_publish_what_was_approved_or_nothing(self, services, officer):
        author, first, last = officer(Power.SYSTEM), officer(), officer()
        request_id = services.client_changes.propose(tax_in_production(), author, "new site", services.changes)
        digest, together = services.changes.get(request_id).digest, Barrier(2)
        services.changes.approve(request_id, digest, first)

        def edit():
            together.wait()
            edited = tax_in_production(scope="openid")
            services.client_changes.propose(edited, author, "edited", services.changes, client_id="tax")

        def approve():
            together.wait()
            try:
                services.changes.approve(request_id, digest, last)
            except UserError:
                return None
            return {"openid", "phone", "profile"}

        with ThreadPoolExecutor(2) as pool:
            editing, approved = pool.submit(edit), pool.submit(approve).result()
            editing.result()
        client = services.registry.get("tax")
        assert (client and client.scope) == approved
        (waiting,) = services.changes.open_requests(target="tax")
        assert waiting.approver_ids == ()


def test_a_refused_proposal_leaves_what_waits_as_it_was(services, officer):
    author = officer(Power.SYSTEM)
    request_id = services.client_changes.propose(tax(), author, "new site", services.changes)
    with pytest.raises(RegistrationRefused, match="scopes"):
        services.client_changes.propose(tax(scopes="x"), author, "again", services.changes, client_id="tax")
    assert services.changes.get(request_id).state == "open"
    assert [version.status for version in services.registry.show("tax").versions] == ["in_review"]


def test_a_proposal_must_be_of_the_client_that_it_is_made_for(services, officer):
    author = officer(Power.SYSTEM)
    services.registry.apply(tax(), actor="system")
    for client_id in (None, "welfare"):
        with pytest.raises(RegistrationRefused, match="client_id"):
            services.client_changes.propose(tax(scope="openid"), author, "x", services.changes, client_id=client_id)
    with pytest.raises(RegistrationRefused, match="nothing differs"):
        services.client_changes.propose(tax(), author, "x", services.changes, client_id="tax")
    with pytest.raises(RegistrationRefused, match="no version 9"):
        services.client_changes.propose_version("tax", 9, author, "x", services.changes)
    assert services.changes.open_requests() == []


def test_stopping_ends_grants_and_sessions_of_that_client_only(services, sign_in, live):
    services.registry.apply(tax(), actor="system")
    kept = set(sign_in(2))
    ended = services.client_changes.stop("tax", actor="system", reason="its server was taken over")
    assert not isinstance(ended, Refused)
    assert not services.registry.get("tax").is_active(services.clock.now())
    assert kept <= live()
    assert isinstance(services.client_changes.stop("nobody", actor="system", reason="x"), Refused)


def test_what_a_stopped_client_holds_is_refused_at_its_next_use(
    services, citizen, new_browser, new_relying_party, clock
):
    site = new_relying_party("tax")
    browser = new_browser()
    tokens = site.sign_in(browser, citizen, clock, scope="openid profile")
    assert site.userinfo(tokens["access_token"]).status_code == 200
    ended = services.client_changes.stop("tax", actor="system", reason="its server was taken over")
    assert (ended.client_sessions, ended.grants) == (1, 1)
    assert site.userinfo(tokens["access_token"]).status_code == 401
    assert "code" not in site.authorize(browser).answer
