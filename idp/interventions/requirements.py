"""What officers require of an account: a new credential before the next session, or the identity proven again.

Placing a requirement ends all that is open, so that it holds at the next use: no session and no grant goes on with the
old credential, or with the level of identity that is in doubt.
"""

from datetime import datetime
from uuid import UUID

from idp.accounts.requirements import Requirements
from idp.foundation.database import Database
from idp.interventions.accounts import not_own
from idp.sessions.service import Sessions
from idp.sessions.values import Selector
from idp.staff.values import Officer


class RequirementInterventions:
    """Requirements as officers place and take them back."""

    def __init__(self, database: Database, requirements: Requirements, *, sessions: Sessions) -> None:
        self._database = database
        self._requirements = requirements
        self._sessions = sessions

    def require(
        self, account_id: UUID, kind: str, until: datetime, *, factor: str | None, officer: Officer, reason: str
    ) -> None:
        """Require something of an account until a time, and end all it has open. Raises UserError."""
        not_own(self._database, account_id, officer)
        with self._database.transaction():
            self._requirements.place(account_id, kind, until, factor=factor, reason=reason, actor=officer.actor)
            self._sessions.terminate(Selector(account_id=account_id), reason="requirement", actor=officer.actor)

    def waive(self, account_id: UUID, kind: str, *, officer: Officer, reason: str) -> bool:
        """Take a requirement back; tells whether it was there. Raises UserError."""
        not_own(self._database, account_id, officer)
        return self._requirements.waive(account_id, kind, reason=reason, actor=officer.actor)
