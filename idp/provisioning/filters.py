"""From SCIM filters and sort orders to SQL (RFC 7644 §3.4.2.2 and §3.4.2.3).

A filter is parsed by scim2-models into a tree; each comparison becomes a condition on a column of a closed list, its
value a bound parameter. What no column can answer is refused, never answered by walking through all members.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NoReturn
from uuid import UUID

from scim2_models import InvalidFilterException
from scim2_models.path import (
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
)
from sqlalchemy import ColumnElement, and_, exists, false, func, not_, or_

from idp.accounts.contacts import parse_email
from idp.accounts.identifiers import parse_phone
from idp.accounts.models import Account, AccountLookup
from idp.keyring.service import Keyring
from idp.provisioning.models import ProvisionedMember
from idp.provisioning.tenants import Tenant

LONGEST_FILTER: Final = 1000
_ORDER: Final = {
    CompareOperator.gt: lambda column, value: column > value,
    CompareOperator.ge: lambda column, value: column >= value,
    CompareOperator.lt: lambda column, value: column < value,
    CompareOperator.le: lambda column, value: column <= value,
}
_TEXT: Final = {
    CompareOperator.co: lambda column, value: column.contains(value, autoescape=True),
    CompareOperator.sw: lambda column, value: column.startswith(value, autoescape=True),
    CompareOperator.ew: lambda column, value: column.endswith(value, autoescape=True),
}
_CONTACTS: Final = {
    "emails": "email",
    "emails.value": "email",
    "phonenumbers": "phone",
    "phonenumbers.value": "phone",
}


@dataclass(frozen=True, slots=True)
class Search:
    """The columns of one tenant's members, by the names of their attributes."""

    tenant: Tenant
    keyring: Keyring

    @property
    def columns(self) -> Mapping[str, Any]:
        """The attributes that can be compared and sorted by, in lower case."""
        own = self.tenant.columns
        return {
            "id": own.id,
            "externalid": ProvisionedMember.external_id,
            "username": Account.username,
            "active": own.is_active,
            "meta.created": own.created_at,
            "meta.lastmodified": func.coalesce(ProvisionedMember.changed_at, own.created_at),
        }

    def condition(self, node: FilterNode) -> ColumnElement[bool]:
        """Return a filter as SQL. Raises InvalidFilterException."""
        match node:
            case LogicalExpr(op=operator, terms=terms):
                join = and_ if operator is LogicalOperator.and_ else or_
                return join(*(self.condition(term) for term in terms))
            case Not(expr=inner):
                return not_(self.condition(inner))
            case Present(attr_path=path):
                return self._present(path)
            case Comparison():
                return self._comparison(node)
        raise InvalidFilterException(detail="This form of filter is not supported here.")

    def order(self, name: str, *, descending: bool) -> tuple[ColumnElement[Any], ...]:
        """Return what a sort attribute sorts by, members without a value last. Raises InvalidFilterException."""
        column = self.columns.get(name.casefold())
        if column is None:
            raise InvalidFilterException(detail=f"Members are not sorted by {name}.")
        return (column.is_(None), column.desc() if descending else column.asc())

    def _present(self, path: AttrPath) -> ColumnElement[bool]:
        name = _name(path)
        if name in _CONTACTS:
            return self._shown(getattr(Account, _CONTACTS[name]).is_not(None))
        is_present: ColumnElement[bool] = self._column(name).is_not(None)
        return is_present

    def _comparison(self, node: Comparison) -> ColumnElement[bool]:
        name = _name(node.attr_path)
        if name in _CONTACTS:
            return self._contact(_CONTACTS[name], node)
        column, value = self._column(name), _value(name, node.value)
        if value is None:
            # RFC 7643 §2.5: null and absent are the same.
            is_absent: ColumnElement[bool] = column.is_(None)
            return is_absent if node.op is CompareOperator.eq else not_(is_absent)
        if node.op is CompareOperator.eq:
            return and_(column.is_not(None), column == value)
        if node.op is CompareOperator.ne:
            return or_(column.is_(None), column != value)
        compare = self._comparator(name, node.op)
        return and_(column.is_not(None), compare(column, value))

    def _comparator(self, name: str, operator: CompareOperator) -> Any:  # noqa: ANN401 - builds a condition
        compare = _ORDER.get(operator) if name.startswith("meta.") else None
        if name == "username":
            compare = _TEXT.get(operator)
        if compare is None:
            raise InvalidFilterException(detail=f"{name} cannot be compared by {operator.value}.")
        return compare

    def _contact(self, kind: str, node: Comparison) -> ColumnElement[bool]:
        """Contacts are ciphertext: only the very one can be asked for, by its keyed digest."""
        if node.op is not CompareOperator.eq or not isinstance(node.value, str):
            raise InvalidFilterException(detail="Contacts are compared by eq only.")
        parsed = parse_email(node.value) if kind == "email" else parse_phone(node.value)
        if parsed is None:
            return false()
        digest = self.keyring.index(kind, parsed.casefold())
        found = exists().where(
            AccountLookup.account_id == Account.id, AccountLookup.kind == kind, AccountLookup.digest == digest
        )
        return self._shown(found)

    def _shown(self, condition: ColumnElement[bool]) -> ColumnElement[bool]:
        return and_(self.tenant.columns.shows_contacts, condition)

    def _column(self, name: str) -> Any:  # noqa: ANN401 - a column of any type
        column = self.columns.get(name)
        if column is None:
            raise InvalidFilterException(detail=f"Members are not found by {name}.")
        return column


def _name(path: AttrPath) -> str:
    return (f"{path.attr}.{path.sub_attr}" if path.sub_attr else path.attr).casefold()


def _value(name: str, given: Any) -> Any:  # noqa: ANN401 - any value of a filter
    """Return the value as the column has it. Raises InvalidFilterException."""
    if given is None:
        return None
    if name == "active":
        return given if isinstance(given, bool) else _refuse(name)
    text = given.isoformat() if isinstance(given, datetime) else given
    if not isinstance(text, str) or not text.isprintable():
        return _refuse(name)
    if name == "id":
        return _id(text)
    if name.startswith("meta."):
        return _moment(name, text)
    return text.casefold() if name == "username" else text


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        # Every text may be asked for; what is no id of ours is nobody's.
        return UUID(int=0)


def _moment(name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _refuse(name)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _refuse(name: str) -> NoReturn:
    raise InvalidFilterException(detail=f"This is no value of {name}.")
