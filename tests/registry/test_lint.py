"""What a reviewer is told to look at."""

from datetime import UTC, datetime, timedelta

import pytest

from idp.registry.lint import lint
from tests.registry.conftest import tax

NOW = datetime(2026, 11, 23, tzinfo=UTC)
DAY = timedelta(days=1)
TOLD = "https://tax.gov.example/backchannel-logout"
SOUND = {"contacts": ["it@tax.gov.example"], "scope": "openid", "backchannel_logout_uri": TOLD}


def members(changes, *, secret_ends=(None,), keys_since=NOW):
    findings = lint(tax(**(SOUND | changes)), NOW, secret_ends=secret_ends, keys_since=keys_since)
    assert all(str(finding) for finding in findings)
    return [finding.member for finding in findings]


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({}, None),
        ({"contacts": None}, "contacts"),
        ({"redirect_uris": ["https://a.example/cb", "https://b.example/cb"]}, "redirect_uris"),
        ({"redirect_uris": ["https://a.example/cb", "https://a.example/other"]}, None),
        ({"backchannel_logout_uri": None}, "backchannel_logout_uri"),
        ({"backchannel_logout_uri": None, "frontchannel_logout_uri": "https://tax.gov.example/out"}, None),
        ({"backchannel_logout_uri": None, "application_type": "native"}, None),
        ({"backchannel_logout_uri": None, "grant_types": ["client_credentials"]}, None),
        ({"scope": "openid phone"}, "policy.purposes"),
        ({"scope": "openid offline_access phone", "policy": {"purposes": {"phone": "to call back"}}}, None),
        ({"scope": "openid phone", "policy": {"legal_basis": "Tax Collection Law, article 30"}}, None),
        ({"policy": {"sector": "welfare"}}, "policy.sector"),
        ({"policy": {"sector": "tax-bureau"}}, None),
        ({"policy": {"scim_tenant": "tax"}}, "policy.scim_tenant"),
    ],
)
def test_what_a_registration_leaves_open_is_said(changes, member):
    assert members(changes) == ([member] if member else [])


@pytest.mark.parametrize(
    ("ends", "count"), [((), 1), ((None, NOW + 7 * DAY), 1), ((None, NOW + 31 * DAY), 0), ((NOW + DAY, NOW + DAY), 2)]
)
def test_a_secret_that_is_missing_or_ends_soon_is_said(ends, count):
    assert members({}, secret_ends=ends) == ["client_secret"] * count
    assert members({"token_endpoint_auth_method": "none"}, secret_ends=ends) == []


def test_keys_that_were_never_changed_are_said_after_a_year():
    changes = {"jwks": {"keys": []}}
    assert members(changes, keys_since=NOW - 365 * DAY) == []
    assert members(changes, keys_since=NOW - 366 * DAY) == ["jwks"]
