"""What an authorization request still needs, as a table (OpenID Connect Core §3.1.2.3; rules S1, S7 and P6). Pure."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from idp.consents.rules import Remembered
from idp.factors.assurance import Decay, VerifiedFactor
from idp.protocol.authorization_request import AuthorizationRequest
from idp.protocol.decision import Need, Progress, decide
from idp.protocol.situation import Situation
from idp.registry.client import Standing, client_of
from idp.sessions.values import Session
from tests.factories.registrations import registration_of

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
AAL1, AAL2, AAL3 = (f"urn:idp:acr:aal{level}" for level in (1, 2, 3))
DECAY = Decay(timedelta(hours=1), timedelta(hours=12))
THIS, OTHER = UUID(int=1), UUID(int=2)
FACTS = Standing(
    version_id=UUID(int=3),
    version=1,
    state="active",
    not_before=None,
    is_demonstration=False,
    agency_name="",
    agency_name_en="",
    secrets=(),
)
AGREED = Remembered("consent", frozenset({"openid"}), frozenset(), frozenset(), NOW, NOW + timedelta(days=1))


def request_of(**changes):
    consent = changes.pop("consent", "required")
    client = client_of(registration_of(policy={"consent": consent}), FACTS)
    request = AuthorizationRequest({}, known_client=client, scopes=frozenset({"openid"}), acr_needed=AAL1)
    for name, value in changes.items():
        setattr(request, name, value)
    return request


def situation_of(*, age=MINUTE, kinds=("password",), kind="citizen", consent=AGREED, sub="me", of=OTHER, seen=None):
    factors = tuple(VerifiedFactor(one, NOW - age) for one in kinds)
    session = Session(
        UUID(int=4), UUID(int=5), kind, NOW - age, NOW - age, NOW if seen is None else NOW - seen,
        NOW + timedelta(hours=1), factors, of, None,
    )  # fmt: skip
    return Situation(session, (), consent, sub)


def need(request=None, situation=None, progress=None):
    verdict = decide(request or request_of(), situation, progress or Progress(), now=NOW, decay=DECAY)
    return verdict.need


def test_without_a_session_one_signs_in():
    assert need() is Need.SIGN_IN
    for change, is_fresh in (({}, False), ({"prompts": frozenset({"login"})}, True), ({"max_age": 5}, False)):
        verdict = decide(request_of(**change), None, Progress(), now=NOW, decay=DECAY)
        assert verdict.is_fresh_login_needed is is_fresh


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, Need.NOTHING),
        ({"prompts": frozenset({"login"})}, Need.SIGN_IN),
        ({"prompts": frozenset({"select_account"})}, Need.SELECT_ACCOUNT),
        ({"prompts": frozenset({"consent"})}, Need.CONSENT),
        ({"prompts": frozenset({"none"})}, Need.NOTHING),
        ({"max_age": 60}, Need.NOTHING),
        ({"max_age": 59}, Need.SIGN_IN),
        ({"max_age": 0}, Need.SIGN_IN),
        ({"hinted_sub": "me"}, Need.NOTHING),
        ({"hinted_sub": "you"}, Need.SIGN_IN),
        ({"acr_needed": AAL2}, Need.SIGN_IN),
        ({"acr_needed": AAL3}, Need.SIGN_IN),
        ({"scopes": frozenset({"openid", "profile"})}, Need.CONSENT),
        ({"consent": "statutory"}, Need.CONSENT),
    ],
)
def test_what_a_request_asks_of_a_live_session(change, expected):
    assert need(request_of(**change), situation_of()) is expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"consent": None}, Need.CONSENT),
        ({"kind": "staff"}, Need.NOT_ADMITTED),
        ({"kind": "staff", "consent": None}, Need.NOT_ADMITTED),
        ({"kind": "enterprise"}, Need.NOTHING),
    ],
)
def test_what_a_session_lacks(change, expected):
    assert need(request_of(), situation_of(**change)) is expected


@pytest.mark.parametrize("change", [{"prompts": frozenset({"login"})}, {"max_age": 0}, {"hinted_sub": "me"}])
def test_a_sign_in_counts_as_fresh_for_its_own_interaction_only(change):
    """Rule S1."""
    assert need(request_of(**change), situation_of(of=THIS), Progress(THIS)) is Need.NOTHING
    if "hinted_sub" not in change:
        assert need(request_of(**change), situation_of(of=OTHER), Progress(THIS)) is Need.SIGN_IN
        assert need(request_of(**change), situation_of(of=THIS)) is Need.SIGN_IN


@pytest.mark.parametrize("sub", ["me", None])
def test_the_same_wrong_person_again_is_an_error_and_no_loop(sub):
    """OIDC-CORE-3.1.2.1-id-token-hint; a person whom the sector does not know yet is somebody else as well."""
    request = request_of(hinted_sub="you")
    assert need(request, situation_of(of=OTHER, sub=sub)) is Need.SIGN_IN
    assert need(request, situation_of(of=THIS, sub=sub), Progress(THIS)) is Need.OTHER_PERSON


def test_a_second_factor_decays():
    """Rule S7, NIST-63B-2.2.3: after 12 hours, or an hour without use, the session goes on as aal1."""
    both, request = ("password", "totp"), request_of(acr_needed=AAL2)
    for age, seen, expected in (
        (MINUTE, MINUTE, Need.NOTHING),
        (timedelta(hours=12) - MINUTE, MINUTE, Need.NOTHING),
        (timedelta(hours=12), MINUTE, Need.SIGN_IN),
        (timedelta(hours=2), timedelta(hours=1), Need.SIGN_IN),
    ):
        situation = situation_of(age=age, kinds=both, seen=seen)
        assert need(request, situation) is expected
        assert need(request_of(), situation) is Need.NOTHING


def test_who_has_just_agreed_is_not_asked_again():
    request = request_of(prompts=frozenset({"consent"}))
    assert need(request, situation_of(of=THIS), Progress(THIS, has_consented=True)) is Need.NOTHING
    assert need(request, situation_of(of=THIS), Progress(THIS)) is Need.CONSENT
