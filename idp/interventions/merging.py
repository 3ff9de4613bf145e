"""Merging two accounts of one human: one officer asks for it with a reason, another one approves it (rule A1), and it
happens in the transaction of the approval.

Whoever has or had a power is not merged: a power sits on the human, and would change its place unseen.
"""

from typing import Final
from uuid import UUID

from idp.accounts.merging import AccountMerging, Pair
from idp.accounts.service import Accounts
from idp.audit.service import Audit
from idp.foundation.database import Database
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.interventions.accounts import not_own
from idp.interventions.events import AccountsMerged, Belonging
from idp.sessions.service import Sessions
from idp.sessions.values import Selector
from idp.staff.changes import ChangeKind, Changes
from idp.staff.powers import Permission
from idp.staff.service import Staff
from idp.staff.values import Change, Officer

MERGE: Final = "account.merge"
_POWER: Final = marked("One of the accounts is of a human who has or had a power. Such accounts are not merged.")


class Merging:
    """Merges that officers decide. The target of a change is the account that goes, its content the one that stays."""

    def __init__(
        self,
        database: Database,
        audit: Audit,
        merging: AccountMerging,
        *,
        accounts: Accounts,
        sessions: Sessions,
        staff: Staff,
    ) -> None:
        self._database = database
        self._audit = audit
        self._merging = merging
        self._accounts = accounts
        self._sessions = sessions
        self._staff = staff

    def change_kind(self) -> ChangeKind:
        """Return the kind of change that merges."""
        return ChangeKind(MERGE, Permission.APPROVE_REQUESTS, self._merge)

    def propose(self, kept: UUID, merged: UUID, officer: Officer, reason: str, changes: Changes) -> UUID:
        """Ask for an account to be merged into another. Returns the request's id. Raises UserError."""
        self._pair(kept, merged, officer)
        with self._database.transaction():
            changes.supersede(MERGE, str(merged), officer)
            return changes.request(MERGE, str(merged), {"into": str(kept)}, author=officer, reason=reason)

    def _pair(self, kept: UUID, merged: UUID, officer: Officer) -> Pair:
        not_own(self._database, kept, officer)
        not_own(self._database, merged, officer)
        pair = self._merging.pair(kept, merged)
        if self._staff.have_history({pair.kept_person, pair.merged_person}):
            raise UserError(_POWER, field="other")
        return pair

    def _merge(self, change: Change, approver: Officer) -> None:
        kept, merged = UUID(change.content["into"]), UUID(change.target)
        with self._database.transaction():
            self._merging.lock(kept, merged)
            # Judged again under the locks: a hold, a lock or another merge may have come between.
            pair = self._pair(kept, merged, approver)
            taken = self._merging.take_over(pair)
            self._accounts.close(merged, change.reason, approver.actor)
            self._sessions.terminate(Selector(account_id=merged), reason="merged", actor=approver.actor)
            self._audit.record(
                AccountsMerged(
                    account_id=kept,
                    actor=approver.actor,
                    reason=change.reason,
                    merged=str(merged),
                    before=Belonging(person=str(pair.kept_person)),
                    after=Belonging(person=str(taken.person)),
                    person_of_merged=str(pair.merged_person),
                    memberships_moved=tuple(map(str, taken.memberships)),
                    contacts_moved=taken.contacts,
                )
            )
