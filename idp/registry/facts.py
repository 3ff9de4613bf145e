"""What the audit record says of a client before and after a change."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row

from idp.foundation.masked import Masked
from idp.registry.events import ClientState, Members
from idp.registry.views import Change

_PERSONAL = frozenset({"contacts"})


def members(changes: Iterable[Change]) -> tuple[Members, Members]:
    """Return the members that differ as they were and as they are."""
    both = [(one.member, _fact(one.member, one.before), _fact(one.member, one.after)) for one in changes]
    before, after = ({name: pair[side] for name, *pair in both} for side in (0, 1))
    return Members(values=before), Members(values=after)


def state_of(row: Row[Any], state: str | None = None, not_before: datetime | None = None) -> ClientState:
    """Return how a client stands, or will stand when its state and its bound for tokens have become these."""
    bound = not_before or row.not_before
    return ClientState(state=state or row.state, not_before=None if bound is None else bound.isoformat())


def _fact(member: str, value: Any) -> Any:  # noqa: ANN401 - a member is any JSON value
    is_hidden = member in _PERSONAL and value is not None
    return Masked(orjson.dumps(value).decode()) if is_hidden else value
