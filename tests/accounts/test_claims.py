"""What an account tells departments, and how the consent page shows it (OIDC-CORE-5.4-scopes, ASVS-14.2.6)."""

from datetime import date

import pytest
from sqlalchemy import literal, select, update

from idp.accounts.claims import CLAIMS, SOURCES, join_claims, profile_of
from idp.accounts.kinds import KINDS
from idp.accounts.models import Account, Membership, NaturalPerson
from idp.accounts.organizations import NewMembership
from idp.foundation.columns import UUIDType
from idp.keyring.errors import CiphertextBroken
from tests.accounts.people import citizen, credit_code, enterprise, id_number, staff

ADDRESS = {"region": "北京市", "locality": "朝阳区", "street_address": "示例路1号"}


@pytest.fixture
def profile(accounts):
    account_id = accounts.create(
        citizen(
            phone_verified=True,
            address=ADDRESS,
            preferred_language="zh-Hans",
            ial_source="population_register",
        )
    )
    return accounts.profile(account_id)


def test_a_citizen_gives_the_standard_claims_in_their_standard_types(profile, clock):
    values = {name: profile.claim_value(name) for name in CLAIMS}
    assert values == {
        "name": "张三丰",
        "family_name": "张",
        "given_name": "三丰",
        "preferred_username": "citizen0",
        "locale": "zh-Hans",
        "updated_at": int(clock.now().timestamp()),
        "phone_number": "+8613800000000",
        "phone_number_verified": True,
        "email": "citizen0@example.cn",
        "email_verified": False,
        "birthdate": "1949-12-31",
        "gender": "female",
        "id_number": id_number(0),
        "address": ADDRESS | {"formatted": "北京市\n朝阳区\n示例路1号"},
        "ial": 2,
        "organization": None,
    }


def test_the_consent_page_sees_masked_values(profile):
    masked = {name: profile.masked_claim(name) for name in CLAIMS}
    assert masked == {
        "name": "张*丰",
        "family_name": "张",
        "given_name": "*丰",
        "preferred_username": "citizen0",
        "locale": "zh-Hans",
        "updated_at": masked["updated_at"],
        "phone_number": "138****0000",
        "phone_number_verified": "True",
        "email": "c***@example.cn",
        "email_verified": "False",
        "birthdate": "1949-**-**",
        "gender": "female",
        "id_number": "110***********" + id_number(0)[-4:],
        "address": "北京市****",
        "ial": "2",
        "organization": None,
    }


def test_the_consent_page_tells_where_a_value_comes_from(accounts, profile):
    assert profile.claim_source("name") == profile.claim_source("id_number") == "population_register"
    assert profile.claim_source("phone_number") == profile.claim_source("address") == "account"
    assert profile.claim_source("organization") == "organization"
    unproven = accounts.profile(accounts.create(citizen(1)))
    assert unproven.claim_source("name") == "account"
    assert {profile.claim_source(name) for name in CLAIMS} <= set(SOURCES)


def test_claims_without_a_value_are_none(accounts):
    bare = accounts.profile(accounts.create(citizen(id_number=None, phone=None, email=None)))
    present = {name for name in CLAIMS if bare.claim_value(name) is not None}
    assert present == {"name", "family_name", "given_name", "preferred_username", "updated_at", "ial"}
    assert bare.masked_claim("phone_number") is None


def test_a_kind_gives_only_the_claims_it_offers(accounts):
    of_staff = accounts.profile(accounts.create(staff()))
    assert of_staff.claim_value("name") == "王五"
    assert of_staff.claim_value("id_number") is None
    assert of_staff.claim_value("birthdate") is None
    assert of_staff.claim_value("nothing_known") is None


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_claim_a_kind_offers_exists(kind):
    assert kind.claims <= CLAIMS


def test_birth_date_and_gender_can_be_given_without_an_id_number(accounts):
    profile = accounts.profile(accounts.create(citizen(id_number=None, birthdate=date(1990, 1, 31), gender="male")))
    assert (profile.claim_value("birthdate"), profile.claim_value("gender")) == ("1990-01-31", "male")


def test_parts_of_a_name_that_the_full_name_does_not_tell_are_kept(accounts):
    profile = accounts.profile(accounts.create(citizen(name="买买提·吐尔逊", given_name="买买提")))
    assert profile.claim_value("name") == "买买提·吐尔逊"
    assert (profile.claim_value("family_name"), profile.claim_value("given_name")) == (None, "买买提")
    double = accounts.profile(accounts.create(citizen(1, name=None, family_name="张王", given_name="晓明")))
    assert double.claim_value("name") == "张王晓明"
    assert double.claim_value("family_name") == "张王"


def read_with_organization(database, keyring, clock, organization_id):
    statement = join_claims(select(Account.locked_at), literal(organization_id, UUIDType))
    with database.read() as connection:
        return profile_of(connection.execute(statement).mappings().one(), keyring, clock.now())


def test_a_session_that_acts_for_an_organization_tells_which_in_the_same_statement(accounts, database, keyring, clock):
    account_id = accounts.create(
        enterprise(
            memberships=(NewMembership(uscc=credit_code(1)), NewMembership(uscc=credit_code(2), name="二号公司"))
        )
    )
    first, second = accounts.memberships(account_id)

    acting = read_with_organization(database, keyring, clock, second.organization_id)
    assert acting.claim_value("organization") == {"code": credit_code(2), "name": "二号公司", "role": "agent"}
    assert acting.masked_claim("organization") == "二号公司"
    unnamed = read_with_organization(database, keyring, clock, first.organization_id)
    assert unnamed.claim_value("organization")["name"] == credit_code(1)
    assert read_with_organization(database, keyring, clock, None).claim_value("organization") is None

    with database.transaction() as connection:
        connection.execute(update(Membership).where(Membership.id == second.id).values(ended_at=second.started_at))
    assert read_with_organization(database, keyring, clock, second.organization_id).claim_value("organization") is None
    assert len(accounts.memberships(account_id)) == 1
    assert accounts.profile(account_id, organization_id=first.organization_id).claim_value("organization") is not None
    assert accounts.profile(account_id, organization_id=second.organization_id).claim_value("organization") is None


def test_updated_at_is_the_later_of_account_and_person(accounts, database, clock):
    account_id = accounts.create(citizen())
    clock.advance(hours=1)
    with database.transaction() as connection:
        connection.execute(update(NaturalPerson).values(updated_at=clock.now()))
    assert accounts.profile(account_id).claim_value("updated_at") == int(clock.now().timestamp())


def test_ciphertext_of_another_row_is_refused(accounts, database):
    # Rule S6: values cannot be transplanted.
    first, second = accounts.create(citizen(0)), accounts.create(citizen(1))
    with database.transaction() as connection:
        stolen = connection.scalar(select(Account.phone).where(Account.id == first))
        connection.execute(update(Account).where(Account.id == second).values(phone=stolen))
    with pytest.raises(CiphertextBroken):
        accounts.profile(second).claim_value("phone_number")


def test_the_text_form_of_a_profile_shows_the_account_only(profile):
    assert repr(profile) == f"Profile({profile.account_id})"
