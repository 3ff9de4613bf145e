"""Changes that need other officers (rule A1): constraints, not code."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from idp.foundation.errors import UserError
from idp.staff.granting import GRANT
from idp.staff.models import Approval, ChangeRequest
from idp.staff.powers import Power


@pytest.fixture
def ask(services, account_factory):
    """Ask for a power for a new staff account; return the account's id and the request."""

    def make(author, *, approvals=1, **content):
        person = account_factory(kind="staff")
        content = {"power": "help_desk", "agency": None} | content
        request_id = services.changes.request(
            GRANT, str(person.account_id), content, author=author, reason="new colleague", approvals=approvals
        )
        return person.account_id, services.changes.get(request_id)

    return make


def test_the_last_approval_applies_the_change(services, officer, ask):
    account_id, change = ask(officer(), approvals=2)
    services.changes.approve(change.id, change.digest, officer())
    assert services.staff.officer(account_id) is None
    assert services.changes.approve(change.id, change.digest, officer()).state == "applied"
    assert services.staff.officer(account_id).power is Power.HELP_DESK


def test_the_author_cannot_approve_even_through_a_second_account(services, officer, ask):
    author = officer()
    _, change = ask(author)
    with pytest.raises(UserError):
        services.changes.approve(change.id, change.digest, author)
    assert services.changes.get(change.id).approver_ids == ()


def test_the_database_refuses_an_approval_by_the_author(services, officer, ask):
    author = officer()
    _, change = ask(author)
    with pytest.raises(IntegrityError), services.database.transaction() as connection:
        connection.execute(insert(Approval), approval(services, change, author.person_id))


def test_the_database_refuses_to_change_what_was_approved(services, officer, ask):
    _, change = ask(officer(), approvals=2)
    services.changes.approve(change.id, change.digest, officer())
    edit = update(ChangeRequest).where(ChangeRequest.id == change.id).values(content_digest=b"\1" * 32)
    with pytest.raises(IntegrityError), services.database.transaction() as connection:
        connection.execute(edit)


def test_the_database_refuses_an_approval_of_another_content(services, officer, ask):
    _, change = ask(officer())
    with pytest.raises(IntegrityError), services.database.transaction() as connection:
        connection.execute(
            insert(Approval), approval(services, change, officer().person_id) | {"content_digest": b"\1" * 32}
        )


def test_one_officer_fills_one_slot(services, officer, ask):
    approver = officer()
    _, change = ask(officer(), approvals=2)
    services.changes.approve(change.id, change.digest, approver)
    with pytest.raises(UserError):
        services.changes.approve(change.id, change.digest, approver)
    assert services.changes.get(change.id).state == "open"


def test_an_approver_says_yes_to_what_they_looked_at_and_to_nothing_else(services, officer, ask):
    _, change = ask(officer())
    with pytest.raises(UserError):
        services.changes.approve(change.id, "0" * 64, officer())


def test_a_power_without_the_permission_approves_nothing(services, officer, ask):
    _, change = ask(officer())
    with pytest.raises(UserError):
        services.changes.approve(change.id, change.digest, officer(Power.SYSTEM))


def test_a_former_officers_request_and_yes_count_no_more(services, officer, ask):
    """Rule A1. What somebody who was let go has begun is not finished by those who stayed."""
    author, first = officer(), officer()
    _, asked = ask(author)
    account_id, half = ask(officer(), approvals=2)
    services.changes.approve(half.id, half.digest, first)
    for gone in (author, first):
        services.staff.end(gone.person_id, actor="system", reason="let go")
    for change in (asked, half):
        with pytest.raises(UserError, match="asks for it anew"):
            services.changes.approve(change.id, change.digest, officer())
    assert services.staff.officer(account_id) is None
    services.changes.reject(half.id, officer(), "of a former officer")


def test_an_approver_with_another_power_now_counts_no_more(services, officer, ask):
    first = officer()
    _, change = ask(officer(), approvals=2)
    services.changes.approve(change.id, change.digest, first)
    services.staff.grant(first.account_id, Power.AUDIT, actor="system", reason="moved")
    with pytest.raises(UserError, match="may approve no more"):
        services.changes.approve(change.id, change.digest, officer())


def test_an_officer_looked_up_before_their_power_was_taken_approves_nothing(services, officer, ask):
    approver = officer()
    account_id, change = ask(officer())
    services.staff.end(approver.person_id, actor="system", reason="let go")
    with pytest.raises(UserError):
        services.changes.approve(change.id, change.digest, approver)
    assert services.staff.officer(account_id) is None


def test_a_change_that_is_refused_when_applied_leaves_everything_as_it_was(services, officer, ask):
    account_id, change = ask(officer())
    services.accounts.lock(account_id, "left", "system")
    with pytest.raises(UserError):
        services.changes.approve(change.id, change.digest, officer())
    after = services.changes.get(change.id)
    assert (after.state, after.approver_ids) == ("open", ())


def test_a_request_expires_and_can_be_rejected_and_withdrawn(services, officer, ask, clock):
    author, other = officer(), officer()
    _, rejected = ask(author)
    _, withdrawn = ask(author)
    _, expired = ask(author)
    services.changes.reject(rejected.id, other, "not needed")
    services.changes.withdraw(withdrawn.id, author)
    clock.advance(days=7)
    for change in (rejected, withdrawn, expired):
        with pytest.raises(UserError):
            services.changes.approve(change.id, change.digest, other)
    assert services.changes.open_requests() == []


def test_two_officers_approving_at_once_apply_the_change_once(services, officer, ask):
    approvers = [officer() for _ in range(4)]
    _, change = ask(officer())
    together = Barrier(len(approvers))

    def approve(approver):
        together.wait()
        try:
            return services.changes.approve(change.id, change.digest, approver).state
        except UserError:
            return "refused"

    with ThreadPoolExecutor(len(approvers)) as pool:
        outcomes = list(pool.map(approve, approvers))
    assert sorted(outcomes) == ["applied", "refused", "refused", "refused"]
    assert len(services.changes.get(change.id).approver_ids) == 1


def approval(services, change, approver_id):
    return {
        "request_id": change.id,
        "slot": 1,
        "after_slot": None,
        "target": change.target,
        "subject_digest": change.subject_digest,
        "author_id": change.author_id,
        "content_digest": bytes.fromhex(change.digest),
        "approver_id": approver_id,
        "approved_at": services.clock.now(),
    }
