"""Every statement of accounts but those of opening and importing, as SQLAlchemy Core. Private to the package."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, Update, bindparam, delete, func, select, update
from sqlalchemy.orm import InstrumentedAttribute

from idp.accounts.claims import join_claims
from idp.accounts.models import Account, AccountLookup, Membership, Organization
from idp.foundation.columns import UUIDType

_SIGN_IN_COLUMNS: Final = (
    Account.id,
    Account.kind,
    Account.username,
    Account.locked_at,
    Account.closed_at,
    Account.restricted_until,
    Account.reset_credential_until,
    Account.preferred_language,
    Account.environment,
    Account.is_demonstration,
    Account.credentials_changed_at,
)

BY_USERNAME: Final[Select[*tuple[Any, ...]]] = select(*_SIGN_IN_COLUMNS).where(
    Account.username == bindparam("username")
)

BY_ID: Final[Select[*tuple[Any, ...]]] = select(*_SIGN_IN_COLUMNS).where(Account.id == bindparam("account"))

BY_LOOKUP: Final[Select[*tuple[Any, ...]]] = (
    select(*_SIGN_IN_COLUMNS)
    .join(AccountLookup, AccountLookup.account_id == Account.id)
    .where(AccountLookup.kind == bindparam("kind"), AccountLookup.digest == bindparam("digest"), AccountLookup.signs_in)
)

_SHOWN: Final[tuple[InstrumentedAttribute[Any], ...]] = (
    *_SIGN_IN_COLUMNS,
    Account.natural_person_id,
    Account.phone_verified,
    Account.email_verified,
    Account.roles,
    Account.agency,
    Account.created_at,
    Account.updated_at,
    Account.lock_reason,
)

VIEW: Final = join_claims(select(*_SHOWN)).where(Account.id == bindparam("account"))
PROFILE: Final = join_claims(select(Account.id)).where(Account.id == bindparam("account"))
PROFILE_ACTING: Final = join_claims(select(Account.id), bindparam("organization", type_=UUIDType)).where(
    Account.id == bindparam("account")
)

MEMBERSHIPS: Final = (
    select(
        Membership.id,
        Membership.organization_id,
        Organization.kind,
        func.coalesce(Organization.uscc, Organization.slug),
        func.coalesce(Organization.name, Organization.uscc, Organization.slug),
        Organization.name_en,
        Membership.role,
        Membership.started_at,
    )
    .join(Organization, Organization.id == Membership.organization_id)
    .where(Membership.account_id == bindparam("account"), Membership.ended_at.is_(None))
    .order_by(Membership.id)
)

FORGET_CONTACTS: Final = delete(AccountLookup).where(
    AccountLookup.account_id == bindparam("account"),
    AccountLookup.signs_in.is_(False),
    AccountLookup.kind.in_(bindparam("kinds", expanding=True)),
)
FORGET_LOOKUPS: Final = delete(AccountLookup).where(AccountLookup.account_id == bindparam("account"))


def update_live(account_id: UUID) -> Update:
    """Update an account that has not been closed."""
    return update(Account).where(Account.id == account_id, Account.closed_at.is_(None))
