"""What somebody can write who has the database and not our code: nothing comes into force in production that two
officers did not approve for this site and this content (rule A1).
"""

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from structlog.testing import capture_logs

from idp.registry.digests import digest_of
from idp.registry.models import ClientVersion
from idp.staff.granting import GRANT
from idp.staff.models import Approval, ChangeRequest
from idp.staff.powers import Power
from tests.registry.conftest import PRODUCTION, tax_in_production

EVIL = "https://evil.example/callback"


@pytest.fixture
def setting_changes():
    return PRODUCTION


@pytest.fixture
def approved(services, officer):
    """Put a site into force as officers do, and return its request."""

    def make(**changes):
        request_id = services.client_changes.propose(
            tax_in_production(**changes), officer(Power.SYSTEM), "new site", services.changes
        )
        for _ in range(2):
            services.changes.approve(request_id, services.changes.get(request_id).digest, officer())
        return services.changes.get(request_id)

    return make


@pytest.fixture
def forged(services, approved):
    """A draft of the tax site that sends people elsewhere: its row, as an attacker would put it into force."""
    approved()
    with services.database.transaction() as connection:
        row = dict(connection.execute(select(ClientVersion.__table__)).mappings().one())
        content = row["content"] | {"redirect_uris": [EVIL]}
        forged = row | {"id": services.entropy.uuid7(), "number": 2, "content": content}
        return forged | {"content_digest": digest_of(content), "status": "published"}


def refused(services, row):
    """Tell whether the database refuses the row as the version in force."""
    try:
        with services.database.transaction() as connection:
            connection.execute(update(ClientVersion).where(ClientVersion.client_id == "tax").values(status="archived"))
            connection.execute(insert(ClientVersion), row)
    except IntegrityError:
        return True
    return False


def test_the_approvals_of_the_version_in_force_serve_no_other_content(services, forged):
    assert refused(services, forged)
    assert refused(services, forged | {"change_request_id": None, "approvals": None})


def test_the_approvals_of_another_site_serve_no_other(services, forged, approved):
    other = approved(client_id="tax-other", client_name="另一个", **{"client_name#en": "Another"})
    assert refused(services, forged | {"change_request_id": other.id})


def test_the_approvals_of_another_kind_of_change_serve_no_site(services, forged, officer, account_factory):
    content = {"power": "audit", "agency": None}
    target = str(account_factory(kind="staff").account_id)
    request_id = services.changes.request(GRANT, target, content, author=officer(), reason="x", approvals=2)
    for _ in range(2):
        services.changes.approve(request_id, services.changes.get(request_id).digest, officer())
    assert refused(services, forged | {"change_request_id": request_id})


def test_a_registration_without_environment_needs_approvals_too(services, forged):
    policy = {name: value for name, value in forged["content"]["policy"].items() if name != "environment"}
    content = forged["content"] | {"policy": policy}
    unapproved = {"content_digest": digest_of(content), "change_request_id": None, "approvals": None}
    assert refused(services, forged | {"content": content} | unapproved)


def test_a_second_approval_without_the_first_is_refused(services, officer):
    author = officer(Power.SYSTEM)
    request_id = services.client_changes.propose(tax_in_production(), author, "new site", services.changes)
    second = approval_row(services, request_id, officer(), slot=2)
    for after_slot in (None, 1, 2):
        with pytest.raises(IntegrityError), services.database.transaction() as connection:
            connection.execute(insert(Approval), second | {"after_slot": after_slot})


def test_an_approval_that_speaks_of_another_site_or_content_than_its_request_is_refused(services, officer, forged):
    request_id = services.client_changes.propose(
        tax_in_production(scope="openid"), officer(Power.SYSTEM), "less", services.changes, client_id="tax"
    )
    row = approval_row(services, request_id, officer(), slot=1)
    for lie in ({"target": "tax-other"}, {"subject_digest": forged["content_digest"]}):
        with pytest.raises(IntegrityError), services.database.transaction() as connection:
            connection.execute(insert(Approval), row | lie)


def test_what_an_approved_request_is_about_cannot_be_changed_under_its_approvals(services, forged):
    moved = update(ChangeRequest).where(ChangeRequest.id == forged["change_request_id"])
    with pytest.raises(IntegrityError), services.database.transaction() as connection:
        connection.execute(moved.values(subject_digest=forged["content_digest"]))


def test_a_content_altered_beneath_its_digest_is_not_served(services, forged):
    assert services.registry.get("tax") is not None
    with services.database.transaction() as connection:
        connection.execute(update(ClientVersion).values(content=forged["content"]))
    services.registry.forget_cached()
    with capture_logs():
        assert services.registry.get("tax") is None


def approval_row(services, request_id, officer, *, slot):
    change = services.changes.get(request_id)
    return {
        "request_id": change.id,
        "slot": slot,
        "after_slot": slot - 1 or None,
        "target": change.target,
        "subject_digest": change.subject_digest,
        "author_id": change.author_id,
        "content_digest": bytes.fromhex(change.digest),
        "approver_id": officer.person_id,
        "approved_at": services.clock.now(),
    }
