"""Which grants somebody looks for or wants ended, as a value that the list, the count and mass endings share.

A grant's id is a UUIDv7, so that a span of time is a span of ids. Its scopes are those of the consent that it rests on:
a grant serves every later authorization of its session that this consent covers, and says no scope of its own.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Literal, Self, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, cast, exists, false, literal_column, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from idp.consents.models import Consent
from idp.foundation.columns import microseconds, moment_of
from idp.foundation.entropy import first_uuid7
from idp.sessions.models import AuthorizationGrant, OPSession
from idp.sessions.store import is_live

_OF: Final = "of"
_GRANTS: Final = "grants"
# RFC 6749 §3.3, without what would mean something in the stored form; it has no quotation mark and no backslash.
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}")
_TIMES: Final = ("issued_since", "issued_before")
# In the words of the indexes over grants for offline use.
_IS_OFFLINE: Final[ColumnElement[bool]] = literal_column("authorization_grant.is_offline")

State = Literal["live", "all"]
T = TypeVar("T")
_Of = ColumnElement[T] | InstrumentedAttribute[T]


@dataclass(frozen=True, slots=True)
class GrantFilter:
    """What grants must have in common; None does not matter. ``is_offline``: whether they outlive their session."""

    account_id: UUID | None = None
    client_id: str | None = None
    scope: str | None = None
    is_offline: bool | None = None
    issued_since: datetime | None = None
    issued_before: datetime | None = None
    state: State = "live"

    def branches(self, now: datetime, begins: UUID) -> Sequence[ColumnElement[bool]]:
        """Return all but the scope as conditions over ``authorization_grant`` that exclude each other, each with an
        index of its own; ``begins`` is an id that everything of a live session comes after.
        """
        if self.state == "all":
            return [and_(self.in_range(), *self._of_use())]
        live = self.in_range() & AuthorizationGrant.ended_at.is_(None)
        offline = live & _IS_OFFLINE
        begun = (AuthorizationGrant.id > begins) & AuthorizationGrant.is_offline.is_(False)
        within = live & begun & session_is_live(now, AuthorizationGrant.op_session_id)
        return {None: [within, offline], True: [offline], False: [within]}[self.is_offline]

    def looked_at(self, begins: UUID) -> ColumnElement[bool]:
        """Return what of it an index tells alone, for a look at a bounded number of rows."""
        if self.state == "all":
            return and_(self.in_range(), *self._of_use())
        offline = _IS_OFFLINE & AuthorizationGrant.ended_at.is_(None)
        within = (AuthorizationGrant.id > begins) & AuthorizationGrant.is_offline.is_(False)
        return self.in_range() & {None: true(), True: offline, False: within}[self.is_offline]

    def condition(self, now: datetime, begins: UUID) -> ColumnElement[bool]:
        """Return the whole of it as one condition."""
        return or_(false(), *self.branches(now, begins)) & self.allows(
            AuthorizationGrant.account_id, AuthorizationGrant.client_id
        )

    def in_range(self) -> ColumnElement[bool]:
        """Return the part of it that an index tells alone: whose, where, and issued when."""
        parts: list[ColumnElement[bool]] = [true()]
        if self.account_id is not None:
            parts.append(AuthorizationGrant.account_id == self.account_id)
        if self.client_id is not None:
            parts.append(AuthorizationGrant.client_id == self.client_id)
        if self.issued_since is not None:
            parts.append(AuthorizationGrant.id >= first_uuid7(self.issued_since))
        if self.issued_before is not None:
            parts.append(AuthorizationGrant.id < first_uuid7(self.issued_before))
        return and_(*parts)

    def allows(self, account_id: _Of[UUID], client_id: _Of[str]) -> ColumnElement[bool]:
        """Return the condition that the consent of an account to a client, as it stands now, has the scope."""
        if self.scope is None:
            return true()
        if not _SCOPE.fullmatch(self.scope):
            return false()
        has = cast(Consent.scopes, Text).contains(f'"{self.scope}"', autoescape=True)
        mine = (Consent.account_id == account_id) & (Consent.client_id == client_id)
        return exists().where(mine, Consent.withdrawn_at.is_(None), has)

    def _of_use(self) -> list[ColumnElement[bool]]:
        if self.is_offline is None:
            return []
        return [_IS_OFFLINE if self.is_offline else AuthorizationGrant.is_offline.is_(False)]

    def packed(self) -> dict[str, Any]:
        """Return it as JSON, which says that it chooses grants."""
        values = {name: value for name, value in asdict(self).items() if value is not None}
        return {_OF: _GRANTS} | {name: _packed(value) for name, value in values.items()}

    @classmethod
    def unpacked(cls, packed: Mapping[str, Any]) -> Self:
        """Return the filter of a packed form."""
        values = {name: value for name, value in packed.items() if name != _OF}
        if "account_id" in values:
            values["account_id"] = UUID(values["account_id"])
        values |= {name: moment_of(values[name]) for name in _TIMES if name in values}
        return cls(**values)


def is_of_grants(packed: Mapping[str, Any]) -> bool:
    """Tell whether a packed filter chooses grants."""
    return packed.get(_OF) == _GRANTS


def _packed(value: Any) -> Any:  # noqa: ANN401 - a member of the filter as JSON
    if isinstance(value, UUID):
        return str(value)
    return microseconds(value) if isinstance(value, datetime) else value


def session_is_live(now: datetime, session_id: _Of[UUID]) -> ColumnElement[bool]:
    """Return the condition that the session of a grant is live. It is read for each row: of an EXISTS beside an OR,
    PostgreSQL would rather read all sessions at once.
    """
    return select(is_live(now)).where(OPSession.id == session_id).scalar_subquery()
