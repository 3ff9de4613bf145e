"""acr and amr follow from the factors and their times (rule S7, NIST-63B-2.2.3, NIST-63C-2.5-xal)."""

from datetime import UTC, datetime, timedelta

import pytest

from idp.factors.assurance import (
    ACR_AAL1,
    ACR_AAL2,
    ACR_AAL3,
    VerifiedFactor,
    acr_of,
    amr_of,
    satisfies,
    strongest,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PASSWORD = VerifiedFactor("password", NOW)
TOTP = VerifiedFactor("totp", NOW)
CODE = VerifiedFactor("recovery_code", NOW)


@pytest.mark.parametrize(
    ("factors", "acr", "amr"),
    [
        ([PASSWORD], ACR_AAL1, ["pwd"]),
        ([TOTP], ACR_AAL1, ["otp"]),
        ([PASSWORD, TOTP], ACR_AAL2, ["mfa", "otp", "pwd"]),
        ([PASSWORD, CODE], ACR_AAL2, ["mfa", "otp", "pwd"]),
        ([TOTP, CODE], ACR_AAL1, ["otp"]),
    ],
)
def test_strength_follows_from_the_factors(factors, acr, amr):
    assert acr_of(factors, NOW) == acr
    assert amr_of(factors) == amr


@pytest.mark.parametrize(
    ("after", "idle", "acr"),
    [
        (timedelta(hours=11, minutes=59), timedelta(minutes=59), ACR_AAL2),
        (timedelta(hours=12), timedelta(0), ACR_AAL1),
        (timedelta(hours=2), timedelta(minutes=60), ACR_AAL1),
    ],
)
def test_aal2_decays(after, idle, acr):
    now = NOW + after
    assert acr_of([PASSWORD, TOTP], now, last_used_at=now - idle) == acr


def test_totp_never_reaches_aal3():
    # NIST-63B-3.2.5-phishing: one-time codes are not phishing resistant.
    assert not satisfies(acr_of([PASSWORD, TOTP, CODE], NOW), ACR_AAL3)


def test_unknown_acr_is_never_satisfied():
    assert not satisfies(ACR_AAL3, "urn:idp:acr:aal9")
    assert not satisfies("0", ACR_AAL1)
    assert satisfies(ACR_AAL1, None)


def test_strongest_leaves_out_what_it_does_not_know():
    assert strongest("0", None, ACR_AAL2, ACR_AAL1) == ACR_AAL2
    assert strongest() == ACR_AAL1


PASSKEY = VerifiedFactor("passkey", NOW)
ATTESTED_PASSKEY = VerifiedFactor("attested_passkey", NOW)


@pytest.mark.parametrize(
    ("factors", "acr", "amr"),
    [
        ([PASSKEY], ACR_AAL2, ["mfa", "pop", "swk", "user"]),
        ([PASSWORD, PASSKEY], ACR_AAL2, ["mfa", "pop", "pwd", "swk", "user"]),
        ([ATTESTED_PASSKEY], ACR_AAL3, ["hwk", "mfa", "pop", "user"]),
        ([PASSWORD, TOTP, ATTESTED_PASSKEY], ACR_AAL3, ["hwk", "mfa", "otp", "pop", "pwd", "user"]),
    ],
)
def test_passkey_is_two_factors_and_aal3_where_its_maker_vouches(factors, acr, amr):
    """NIST-63B-2.2.2-aal2, NIST-63B-2.3-aal3, RFC 8176."""
    assert acr_of(factors, NOW) == acr
    assert amr_of(factors) == amr


def test_passkey_decays_as_every_second_factor():
    later = NOW + timedelta(hours=12)
    assert acr_of([ATTESTED_PASSKEY, PASSWORD], later) == ACR_AAL1
    # A password given since then does not revive it.
    assert acr_of([ATTESTED_PASSKEY, VerifiedFactor("password", later)], later) == ACR_AAL1
