"""Rich authorization requests from the outside (RFC 9396): what may be asked, what the person sees, what tokens say."""

import json

import pytest

from idp.protocol.authorization_details import AUTHORIZATION_DETAILS_TYPES
from idp.registry.members import AUTHORIZATION_DETAILS_TYPES as REGISTERED
from tests.protocol.conftest import ALL_GRANTS, refused
from tests.support.relying_party import claims_of
from tests.web.device.conftest import Television

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
LAND, TAX = "https://api.land.gov.example/records", "https://api.tax.gov.example/records"
LOAN = {"loan": "审核您的住房贷款申请", "loan#en": "To decide on your housing loan"}
PORTAL = {
    "grant_types": [*ALL_GRANTS, DEVICE, EXCHANGE],
    "scope": "openid profile phone offline_access",
    "authorization_details_types": ["read_records"],
    "policy": {"resources": [LAND, TAX], "purposes": LOAN, "exchange_to": ["taxapi"]},
}


def detail(**changes):
    usual = {
        "type": "read_records",
        "locations": [LAND],
        "datatypes": ["tax_payments", "property_ownership"],
        "period": {"from": "2023-01-01", "to": "2025-12-31"},
        "purpose": "loan",
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def text(*details):
    return json.dumps(details)


@pytest.fixture
def land(new_relying_party):
    """The land registry's service, whose agency keeps records."""
    agency = {"agency_name": "海州市自然资源局", "agency_name#en": "Haizhou Land Bureau"}
    return new_relying_party("land", grant_types=ALL_GRANTS, policy={"resource_identifiers": [LAND], **agency})


@pytest.fixture
def tax_api(new_relying_party):
    return new_relying_party("taxapi", grant_types=ALL_GRANTS, policy={"resource_identifiers": [TAX]})


@pytest.fixture
def portal(land, tax_api, new_relying_party):  # noqa: ARG001 - the resources must be served by somebody
    """A bank's portal, which may read records for one purpose."""
    return new_relying_party("portal", **PORTAL)


CANONICAL = detail(datatypes=["property_ownership", "tax_payments"])


def test_what_was_allowed_is_in_the_response_the_token_and_the_introspection(portal, land, visitor, services):
    """RFC9396-7-response, RFC9396-9.1-token."""
    tokens = visitor.tokens(portal, authorization_details=text(detail()))
    assert tokens["authorization_details"] == [CANONICAL]
    access = services.keyring.verify(tokens["access_token"], typ="at+jwt")
    assert access["authorization_details"] == [CANONICAL]
    assert access["aud"] == LAND, "its location is where the token is for"
    told = land.post("/introspect", token=tokens["access_token"]).get_json()
    assert told["authorization_details"] == [CANONICAL]
    told = portal.post("/introspect", token=tokens["refresh_token"]).get_json()
    assert told["authorization_details"] == [CANONICAL]


def test_a_token_says_only_what_concerns_its_audience(portal, visitor, issuer):
    """RFC9396-9.1-token: the land registry need not know what is read at the tax bureau."""
    at_tax = detail(locations=[TAX], datatypes=["tax_payments"])
    code = visitor.code(portal, authorization_details=text(detail(), at_tax))
    tokens = portal.redeem(code, resource=LAND).get_json()
    assert tokens["authorization_details"] == [CANONICAL]
    other = portal.refresh(tokens["refresh_token"], resource=TAX).get_json()
    assert claims_of(other["access_token"])["authorization_details"] == [at_tax]
    own = portal.refresh(other["refresh_token"], resource=issuer).get_json()
    assert "authorization_details" not in own
    assert "authorization_details" not in claims_of(own["access_token"])


def test_nothing_is_said_where_nothing_was_asked(portal, visitor):
    tokens = visitor.tokens(portal)
    assert "authorization_details" not in tokens
    assert "authorization_details" not in claims_of(tokens["access_token"])


NARROWER = detail(datatypes=["tax_payments"], period={"from": "2024-01-01", "to": "2024-12-31"})


@pytest.mark.parametrize(
    "lost",
    [
        {"authorization_details_types": None},
        {"policy": PORTAL["policy"] | {"purposes": {"other": "其他", "other#en": "Something else"}}},
    ],
)
def test_what_the_registration_loses_no_refresh_brings_any_more(portal, visitor, registration_factory, lost):
    """Rule P5: staff who take the type or the purpose from a client take it from what was granted as well."""
    tokens = visitor.tokens(portal, authorization_details=text(detail()))
    registration_factory("portal", **{name: value for name, value in (PORTAL | lost).items() if value is not None})
    answer = portal.refresh(tokens["refresh_token"])
    assert answer.status_code == 200
    assert "authorization_details" not in answer.get_json()
    assert "authorization_details" not in claims_of(answer.get_json()["access_token"])
    again = portal.refresh(answer.get_json()["refresh_token"], authorization_details=text(detail()))
    assert refused(again, "invalid_authorization_details")


def test_code_and_refresh_may_ask_for_less(portal, visitor):
    """RFC9396-5-errors: refresh cannot widen, and what was narrowed once is not lost."""
    code = visitor.code(portal, authorization_details=text(detail()))
    tokens = portal.redeem(code, authorization_details=text(NARROWER)).get_json()
    assert tokens["authorization_details"] == [NARROWER]
    again = portal.refresh(tokens["refresh_token"]).get_json()
    assert again["authorization_details"] == [CANONICAL]


WIDER = [
    detail(datatypes=["vehicle_registration"]),
    detail(period={"from": "2022-12-31", "to": "2025-12-31"}),
    detail(period={"from": "2023-01-01", "to": "2026-01-01"}),
    detail(locations=[TAX]),
]


@pytest.mark.parametrize("wider", WIDER)
@pytest.mark.only_on("sqlite")
def test_nothing_wider_than_was_granted_is_given(portal, visitor, wider):
    """RFC9396-5-errors."""
    code = visitor.code(portal, authorization_details=text(detail()))
    assert refused(portal.redeem(code, authorization_details=text(wider)), "invalid_authorization_details")
    tokens = visitor.tokens(portal, authorization_details=text(detail()))
    answer = portal.refresh(tokens["refresh_token"], authorization_details=text(wider))
    assert refused(answer, "invalid_authorization_details")
    plain = visitor.tokens(portal)["refresh_token"]
    assert refused(portal.refresh(plain, authorization_details=text(detail())), "invalid_authorization_details"), (
        "nothing was granted at all"
    )


def test_an_exchange_passes_on_what_concerns_the_target_and_nothing_more(portal, visitor):
    """RFC9396-9.1-token, RFC8693-2.2.2-target: details of one service are none of the next one's."""
    at_tax = detail(locations=[TAX])
    code = visitor.code(portal, authorization_details=text(detail(), at_tax))
    subject = portal.redeem(code, resource=LAND).get_json()["access_token"]
    asked = {
        "grant_type": EXCHANGE,
        "subject_token": subject,
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "resource": TAX,
    }
    answer = portal.token(**asked)
    assert answer.status_code == 200, answer.text
    assert "authorization_details" not in answer.get_json()
    wider = portal.token(**asked, authorization_details=text(at_tax))
    assert refused(wider, "invalid_authorization_details"), "the presented token does not say it"


BAD = [
    "",
    "{}",
    "[]",
    "null",
    "[1]",
    "[{}]",
    "not json",
    text({"type": "payment_initiation"}),
    text({"type": ["read_records"]}),
    text(detail(colour="red")),
    text(detail(period={"from": "2023-01-01", "to": "2025-12-31", "x": 1})),
    *(text(detail(**{name: None})) for name in ("locations", "datatypes", "period", "purpose")),
    text(detail(datatypes=["diaries"])),
    text(detail(datatypes=[])),
    text(detail(datatypes="tax_payments")),
    text(detail(purpose="curiosity")),
    text(detail(purpose=["loan"])),
    text(detail(period={"from": "2025-12-31", "to": "2023-01-01"})),
    text(detail(period={"from": "yesterday", "to": "2023-01-01"})),
    text(detail(period={"from": 1, "to": 2})),
    text(detail(locations=["https://api.unknown.example/"])),
    text(detail(locations=["http://localhost:8000"])),
    text(detail(locations=[LAND, TAX])),
    text(*[detail()] * 11),
    text(detail()) + " " * 8000,
]


@pytest.mark.parametrize("bad", BAD[1:])
@pytest.mark.only_on("sqlite")
def test_what_does_not_fit_its_type_is_refused(portal, visitor, bad):
    """RFC9396-2-details, RFC9396-5-errors: unknown type or field, at every door."""
    error = "invalid_authorization_details"
    assert visitor.visit(portal, authorization_details=bad).answer["error"] == error
    pushed = portal.post("/par", **portal.authorization_parameters(authorization_details=bad))
    assert refused(pushed, error)
    device = portal.post("/device_authorization", scope="openid", authorization_details=bad)
    assert refused(device, error)


@pytest.mark.only_on("sqlite")
def test_a_client_asks_for_types_it_is_registered_for(land, new_relying_party, visitor):
    """RFC9396-10-metadata: the member authorization_details_types."""
    registration = {**PORTAL, "authorization_details_types": None, "policy": {"resources": [LAND], "purposes": LOAN}}
    plain = new_relying_party("plain", **registration)
    answer = visitor.visit(plain, authorization_details=text(detail())).answer
    assert answer["error"] == "invalid_authorization_details"
    assert land.client_id == "land"


@pytest.mark.only_on("sqlite")
def test_a_client_alone_cannot_be_allowed_anything(portal):
    """RFC9396-5-errors: nobody stands behind client_credentials."""
    answer = portal.token(grant_type="client_credentials", authorization_details=text(detail()))
    assert refused(answer, "invalid_authorization_details")


def test_the_page_says_it_in_words_of_both_languages(portal, visitor):
    """RFC9396-2-details: shown to the user; RFC 8707: where the service will act."""
    page = portal.authorize(visitor.browser, authorization_details=text(detail()))
    for words in ("海州市自然资源局", "纳税记录", "不动产登记", "审核您的住房贷款申请", "2023年", "2025年", "代您办理"):
        assert words in page.source, words
    page = portal.authorize(visitor.browser, authorization_details=text(detail()), ui_locales="en")
    for words in ("Haizhou Land Bureau", "Tax payments", "To decide on your housing loan", "Acting for you"):
        assert words in page.source, words


def test_what_is_new_is_asked_again(portal, visitor):
    """DEC-9-consent: a remembered consent is compared by its details and by where the client may act."""
    visitor.tokens(portal, authorization_details=text(detail()))
    assert "code" in portal.authorize(visitor.browser, authorization_details=text(detail())).answer
    assert "code" in portal.authorize(visitor.browser).answer
    for other in ({"authorization_details": text(NARROWER)}, {"resource": TAX}):
        page = portal.authorize(visitor.browser, prompt="none", **other)
        assert page.answer["error"] == "consent_required", other
    visitor.tokens(portal, resource=TAX)
    assert "code" in portal.authorize(visitor.browser, resource=TAX).answer
    assert "code" in portal.authorize(visitor.browser, authorization_details=text(detail())).answer


def test_a_silent_answer_gives_what_was_asked_this_time(portal, visitor):
    """A grant of the session fits only a request for the same."""
    first = visitor.tokens(portal, authorization_details=text(detail()))
    plain = visitor.tokens(portal)
    again = visitor.tokens(portal, authorization_details=text(detail()))
    assert "authorization_details" not in plain
    assert again["authorization_details"] == first["authorization_details"]


@pytest.mark.usefixtures("land")
@pytest.mark.parametrize("is_signed", [False, True], ids=["pushed", "signed"])
def test_details_can_be_pushed_and_signed(new_signing_party, visitor, is_signed):
    """RFC9396-2-details at PAR and inside a request object, where they are JSON and no text."""
    bank = new_signing_party(
        "bank",
        authorization_details_types=["read_records"],
        policy={"profile": "fapi2", "resources": [LAND], "purposes": LOAN},
    )
    if is_signed:
        response = bank.post("/par", request=bank.request_object({"authorization_details": [detail()]}))
    else:
        response = bank.push(authorization_details=text(detail()))
    bank.open(visitor.browser, response.get_json()["request_uri"])
    tokens = bank.redeem(visitor.browser.submit("consent-allow").answer["code"]).get_json()
    assert tokens["authorization_details"] == [CANONICAL]
    assert tokens["token_type"] == "DPoP"


def test_a_device_is_allowed_details_on_its_page(portal, visitor):
    """RFC9396-2-details with RFC 8628."""
    television = Television(portal)
    television.ask(authorization_details=text(detail()))
    visitor.browser.get("/device")
    page = visitor.browser.submit("device-submit", user_code=television.codes["user_code"])
    assert "审核您的住房贷款申请" in page.source
    visitor.browser.submit("device-allow")
    assert television.poll().get_json()["authorization_details"] == [CANONICAL]


def test_the_types_are_published_and_can_be_registered(client):
    """RFC9396-10-metadata."""
    names = [known.name for known in AUTHORIZATION_DETAILS_TYPES]
    metadata = client.get("/.well-known/oauth-authorization-server").get_json()
    assert metadata["authorization_details_types_supported"] == names
    assert list(REGISTERED) == names
