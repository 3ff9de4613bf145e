"""Replacing signing keys (rule P7): for the console and the command line, one way.

A rotation by the schedule fails no verification, so one officer asks for it. In an emergency everybody is signed out:
whoever runs the service asks for it, and a security officer approves.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from idp.audit.events import Event
from idp.foundation.database import Database
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.keyring.service import Keyring
from idp.sessions.service import Sessions
from idp.staff.changes import ChangeKind, Changes
from idp.staff.powers import Permission
from idp.staff.service import Staff
from idp.staff.values import Change, Officer

EMERGENCY: Final = "keys.emergency"
TARGET: Final = "signing keys"
ENDED_BY_EMERGENCY: Final = "key_emergency"
_UNKNOWN: Final = marked("This provider does not sign with that algorithm.")


class KeyChanges:
    """Rotations that people ask for."""

    def __init__(self, database: Database, keyring: Keyring, sessions: Sessions, staff: Staff) -> None:
        self._database = database
        self._keyring = keyring
        self._sessions = sessions
        self._staff = staff

    def change_kind(self) -> ChangeKind:
        """Return the kind of change that a second officer approves; its content names the algorithm, None for all."""
        return ChangeKind(EMERGENCY, Permission.APPROVE_KEYS, self._apply)

    def rotate(self, officer: Officer, reason: str, alg: str | None = None) -> Sequence[Event]:
        """Let the waiting keys sign as early as departments can know them. Raises UserError."""
        self._must_be_known(alg)
        with self._database.transaction():
            self._staff.note_reason(officer, "keys.rotate", reason)
            return self._keyring.rotate(alg=alg, actor=officer.actor, reason=reason)

    def ask_emergency(self, officer: Officer, reason: str, changes: Changes, alg: str | None = None) -> UUID:
        """Ask for the keys to be replaced at once. Returns the request's id; an older one is void. Raises UserError."""
        self._must_be_known(alg)
        with self._database.transaction():
            changes.supersede(EMERGENCY, TARGET, officer)
            return changes.request(EMERGENCY, TARGET, {"alg": alg}, author=officer, reason=reason)

    def replace_at_once(
        self, *, actor: str, reason: str, alg: str | None = None, keep_sessions: bool = False
    ) -> Sequence[Event]:
        """Sign with the waiting keys from now on, refuse what the present ones signed, and every session: void from the
        commit on, they are ended by the worker, batch by batch.

        What a key signed cannot be told from what its thief signed, so everybody signs in again (rule P7).
        """
        with self._database.transaction():
            events = self._keyring.rotate(emergency=True, alg=alg, actor=actor, reason=reason)
            if not keep_sessions:
                self._sessions.sweeps.begin(None, reason=ENDED_BY_EMERGENCY, actor=actor)
        return events

    def _apply(self, change: Change, approver: Officer) -> None:
        self.replace_at_once(actor=approver.actor, reason=change.reason, alg=change.content["alg"])

    def _must_be_known(self, alg: str | None) -> None:
        if alg is not None and alg not in self._keyring.algorithms():
            raise UserError(_UNKNOWN, field="alg")
