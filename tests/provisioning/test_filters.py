"""Filters become conditions whose values are bound, on the tenant's own members only (rule A7)."""

from typing import Any

import pytest
from scim2_models import InvalidFilterException, ScimFilter

from idp.provisioning.filters import Search
from idp.provisioning.schema import User
from idp.provisioning.tenants import Agency, LegalPerson, Tenant, tenant_of
from tests.factories import numbers

HOSTILE = "x') OR 1=1; DROP TABLE account; --"


@pytest.fixture
def search(services: Any) -> Search:
    return Search(Agency("tax-bureau", "development"), services.keyring)


@pytest.mark.parametrize("operator", ["eq", "ne", "co", "sw", "ew"])
def test_no_value_is_ever_part_of_the_statement(search: Search, operator: str) -> None:
    condition = search.condition(ScimFilter[User](f'userName {operator} "{HOSTILE}"').ast)
    statement = search.tenant.members().where(condition).compile()
    assert "DROP" not in str(statement)
    assert HOSTILE.casefold() in [str(value) for value in statement.params.values()]


def test_what_no_column_answers_is_refused(search: Search) -> None:
    for text in ('name.formatted eq "李四"', 'userName gt "a"', 'schemas eq "x"'):
        with pytest.raises(InvalidFilterException):
            search.condition(ScimFilter[User](text).ast)


@pytest.mark.parametrize("tenant", [Agency("tax-bureau", "sandbox"), LegalPerson("91110101MA00000019", "sandbox")])
def test_every_statement_on_members_names_the_tenant_and_the_deployment(tenant: Tenant) -> None:
    values = tenant.members().compile().params.values()
    assert {tenant.code, tenant.environment, tenant.account_kind} <= set(values)


def test_a_credit_code_names_an_organization_and_a_slug_an_agency() -> None:
    assert isinstance(tenant_of(numbers.uscc(), environment="sandbox"), LegalPerson)
    assert isinstance(tenant_of("tax-bureau", environment="sandbox"), Agency)
