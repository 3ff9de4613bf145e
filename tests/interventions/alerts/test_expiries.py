"""The end of credentials is announced 30, 14 and 3 days before, once each, to those it concerns."""

import base64
import datetime as dt
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import update

from idp.interventions.alerts.expiries import days_before
from idp.registry.models import ClientSecretRow
from idp.staff.powers import Power
from tests.protocol.binding.proving import ClientCertificate
from tests.registry.conftest import tax
from tests.support.racing import together

CONTACTS = ["Desk@tax.example.gov.cn", "mailto:second@tax.example.gov.cn", "https://tax.example.gov.cn/help", "no"]


@pytest.fixture
def secret_ends(services, clock):
    """Register the tax site with a secret that ends after so many days."""
    services.registry.apply(tax(contacts=CONTACTS), actor="system")

    def after(days):
        with services.database.transaction() as connection:
            connection.execute(update(ClientSecretRow).values(expires_at=clock.now() + timedelta(days=days)))

    return after


def test_each_of_the_three_times_is_announced_once(services, secret_ends, letters, clock):
    secret_ends(31)
    announced = []
    for _ in range(33):
        announced.append(sum(services.alerting.expiries.announce() for _ in range(3)))
        clock.advance(days=1)
    assert [day for day, count in enumerate(announced) if count] == [1, 17, 28]
    assert sum(announced) == 3
    assert len(letters()) == 6, "two addresses among the contacts"


def test_contacts_officers_and_the_delegates_of_the_agency_are_told(services, secret_ends, letters, mailbox, attempts):
    mailbox("s", Power.SYSTEM)
    mailbox("d", Power.DELEGATE, agency="tax-bureau")
    mailbox("e", Power.DELEGATE, agency="other-bureau")
    mailbox("x", Power.SECURITY)
    secret_ends(10)
    services.alerting.expiries.announce()
    told = {address for _, address, _ in letters()}
    assert told == {
        "D***@tax.example.gov.cn",
        "s***@tax.example.gov.cn",
        "s***@staff.example.gov.cn",
        "d***@staff.example.gov.cn",
    }
    with_page = [text for text in attempts() if "http://localhost:8004/console/clients/tax" in text]
    assert len(with_page) == 2, "only officers can open the console"


def test_contacts_get_both_languages_in_one_letter_and_officers_their_own(
    services, secret_ends, mailbox, attempts, tmp_path
):
    mailbox("s", Power.SYSTEM, preferred_language="en")
    secret_ends(10)
    services.alerting.expiries.announce()
    texts = [text for text in attempts() if "Tax Online" in text]
    (own,) = [text for text in texts if "税务局" not in text]
    both = [text for text in texts if text != own]
    assert len(both) == 2
    for text in both:
        subject, _, body = text.partition("\n")
        assert subject == "税务局网上办税：有一个密钥将在10天后到期 / Tax Online: a secret ends in 10 days"
        chinese, english = body.split("=" * 20)
        assert "税务局网上办税" in chinese
        assert "Tax Online" not in chinese
        assert "A secret of the service Tax Online (tax) is accepted until" in english
        assert "税务局" not in english
    assert sum(b"Content-Language: zh-Hans, en" in one.read_bytes() for one in (tmp_path / "letters").iterdir()) == 2


def test_a_worker_that_slept_announces_the_nearest_time_only(services, secret_ends, letters):
    secret_ends(2)
    assert services.alerting.expiries.announce() == 1
    assert services.alerting.expiries.announce() == 0
    assert len(letters()) == 2


def test_many_workers_announce_once(services, secret_ends, letters):
    secret_ends(14)
    assert sum(together([services.alerting.expiries.announce] * 6)) == 1
    assert len(letters()) == 2


def test_nobody_to_tell_is_not_taken_for_told(services, letters, mailbox):
    services.registry.apply(tax(), actor="system")
    services.registry.rotate_secret("tax", actor="system")
    assert services.alerting.expiries.announce() == 0
    mailbox("s", Power.SYSTEM)
    assert services.alerting.expiries.announce() == 1
    assert len(letters()) == 1


@pytest.mark.parametrize("state", ["suspended", "ended", "locked"])
def test_who_is_stopped_or_gone_is_not_written_to(services, secret_ends, letters, mailbox, state):
    person = mailbox("s", Power.SYSTEM)
    secret_ends(3)
    if state == "suspended":
        services.registry.suspend("tax", actor="system")
    elif state == "ended":
        services.staff.end(services.staff.officer(person.account_id).person_id, actor="system", reason="left")
    else:
        services.accounts.lock(person.account_id, "test", "system")
    services.alerting.expiries.announce()
    assert "s***@staff.example.gov.cn" not in {address for _, address, _ in letters()}
    assert len(letters()) == (0 if state == "suspended" else 2)


def test_certificates_and_old_keys_are_announced(services, clock):
    certificate = ClientCertificate()
    jwks = {
        "keys": [
            key | {"x5c": [base64.b64encode(certificate.certificate.public_bytes(Encoding.DER)).decode()]}
            for key in certificate.jwks["keys"]
        ]
    }
    registration = tax(contacts=CONTACTS[:1], token_endpoint_auth_method="private_key_jwt", jwks=jwks)
    outcome = services.registry.apply(registration, actor="system")
    assert not getattr(outcome, "problems", ()), outcome
    end = certificate.certificate.not_valid_after_utc
    clock.advance(seconds=(end - timedelta(days=14) - clock.now()).total_seconds())
    (one,) = services.credentials.expiring()
    assert (one.kind, one.client_id, one.ends_at) == ("certificate", "tax", end)
    assert services.alerting.expiries.announce() == 1
    since = services.registry.show("tax").versions[0].created_at
    clock.advance(seconds=(since + timedelta(days=362) - clock.now()).total_seconds())
    assert [one.kind for one in services.credentials.expiring()] == ["key"]


@pytest.mark.parametrize(("left", "due"), [(30, 30), (14.5, 30), (14, 14), (3.1, 14), (3, 3), (0.1, 3)])
def test_the_time_that_is_due(left, due):
    assert days_before(dt.timedelta(days=left)) == due


def test_of_each_service_the_credential_that_ends_first_counts(services, secret_ends):
    assert services.credentials.ending() == []
    secret_ends(30)
    (one,) = services.credentials.ending()
    assert (one.kind, one.client_id, one.agency) == ("secret", "tax", "tax-bureau")
