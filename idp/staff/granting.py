"""Granting a power is itself a change that another officer approves: nobody makes officers alone (rule A1)."""

from uuid import UUID

from idp.staff.changes import ChangeKind
from idp.staff.powers import Permission, Power
from idp.staff.service import Staff
from idp.staff.values import Change, Officer

GRANT = "staff.grant"


def change_kinds(staff: Staff) -> tuple[ChangeKind, ...]:
    """Return the kinds of change about staff: a grant's target is the account, its content ``power`` and ``agency``."""

    def grant(change: Change, approver: Officer) -> None:
        staff.grant(
            UUID(change.target),
            Power(change.content["power"]),
            actor=approver.actor,
            reason=change.reason,
            agency=change.content.get("agency"),
        )

    return (ChangeKind(GRANT, Permission.CHANGE_STAFF, grant),)
