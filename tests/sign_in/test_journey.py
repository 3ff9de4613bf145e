"""Which step comes next (issue 2 items 5 and 6, rule S7). Pure."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from idp.factors.assurance import ACR_AAL1, ACR_AAL2, ACR_AAL3, VerifiedFactor
from idp.interactions import Interaction
from idp.sign_in.journey import Standing, Step, can_remember, next_step

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PASSWORD = VerifiedFactor("password", NOW)
OLD_PASSWORD = VerifiedFactor("password", NOW - timedelta(minutes=21))
TOTP = VerifiedFactor("totp", NOW)


def asked(acr=ACR_AAL1, kinds=()):
    return Interaction(UUID(int=1), NOW, acr_needed=acr, account_kinds=kinds)


def standing(*factors, kind="citizen", **changes):
    return Standing(account_kind=kind, factors=factors, **changes)


@pytest.mark.parametrize(
    ("now_at", "interaction", "step"),
    [
        (standing(), asked(), Step.PASSWORD),
        (standing(TOTP), asked(), Step.PASSWORD),
        (standing(PASSWORD), asked(), Step.DONE),
        (standing(PASSWORD, has_second_factor=True), asked(), Step.SECOND_FACTOR),
        (standing(PASSWORD, TOTP, has_second_factor=True), asked(), Step.DONE),
        (standing(PASSWORD, has_second_factor=True, is_remembered=True), asked(), Step.DONE),
        # Never for staff, never above aal1, never beside a short password.
        (standing(PASSWORD, kind="staff", has_second_factor=True, is_remembered=True), asked(), Step.SECOND_FACTOR),
        (standing(PASSWORD, has_second_factor=True, is_remembered=True), asked(ACR_AAL2), Step.SECOND_FACTOR),
        (
            standing(PASSWORD, has_second_factor=True, is_remembered=True, password_is_short=True),
            asked(),
            Step.SECOND_FACTOR,
        ),
        (standing(PASSWORD, password_is_short=True), asked(), Step.ENROL_SECOND_FACTOR),
        (standing(PASSWORD), asked(ACR_AAL2), Step.ENROL_SECOND_FACTOR),
        (standing(PASSWORD, kind="staff"), asked(), Step.ENROL_SECOND_FACTOR),
        (standing(PASSWORD), asked(ACR_AAL3), Step.UNREACHABLE),
        (standing(PASSWORD, TOTP), asked(kinds=("enterprise",)), Step.NOT_ADMITTED),
        (standing(PASSWORD, has_second_factor=True), asked(kinds=("staff",)), Step.NOT_ADMITTED),
        (standing(kind="staff"), asked(kinds=("citizen",)), Step.PASSWORD),
        (standing(PASSWORD, kind="enterprise", must_choose_organization=True), asked(), Step.ORGANIZATION),
        # A live session is asked only for what is missing.
        (standing(OLD_PASSWORD, is_signed_in=True, has_second_factor=True), asked(), Step.DONE),
        (standing(OLD_PASSWORD, is_signed_in=True, has_second_factor=True), asked(ACR_AAL2), Step.SECOND_FACTOR),
        (standing(OLD_PASSWORD, is_signed_in=True), asked(ACR_AAL2), Step.PASSWORD),
        (standing(PASSWORD, is_signed_in=True), asked(ACR_AAL2), Step.ENROL_SECOND_FACTOR),
    ],
)
def test_next_step_follows_from_what_is_proved_and_asked(now_at, interaction, step):
    assert next_step(now_at, interaction, NOW) is step


@pytest.mark.parametrize(
    ("now_at", "acr", "is_offered"),
    [
        (standing(PASSWORD), ACR_AAL1, True),
        (standing(PASSWORD, kind="staff"), ACR_AAL1, False),
        (standing(PASSWORD, password_is_short=True), ACR_AAL1, False),
        (standing(PASSWORD), ACR_AAL2, False),
        (standing(PASSWORD, is_signed_in=True), ACR_AAL1, False),
    ],
)
def test_remembering_is_offered_only_where_it_would_spare_something(now_at, acr, is_offered):
    assert can_remember(now_at, asked(acr)) is is_offered
