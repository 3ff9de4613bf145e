"""Letting a site in, changing it, stopping it and letting it back in (rules A1, O2, O3).

Everything that gives goes through a change request that security officers approve: two in production, one elsewhere.
Stopping takes away, so one officer does it, at once.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.errors import UserError
from idp.foundation.translation import all_said, marked, said
from idp.interventions.simulation import Simulated, is_simulated, simulate
from idp.registry.errors import RegistrationRefused
from idp.registry.members import CLIENT_ID
from idp.registry.rules import Problem
from idp.registry.service import Registry
from idp.registry.views import Approval, Comparison, Refused, StateChanged
from idp.sessions.service import Sessions
from idp.sessions.values import Ended
from idp.staff.changes import ChangeKind, Changes
from idp.staff.powers import Permission
from idp.staff.values import Change, Officer

PUBLISH: Final = "client.publish"
RESUME: Final = "client.resume"
KINDS: Final = (PUBLISH, RESUME)
STOPPED: Final = "client_suspended"
# As many batches of 500 as take about a second.
_AT_ONCE: Final = 4
_SWEEPING: Final = marked(
    "What this service held is still being ended, which takes minutes where many people are signed in. Try again then."
)
_CLIENT_ID: Final = said("letters and digits")
_REFUSED: Final = marked("The change cannot be made: %(problems)s")


class ClientChanges:
    """Changes of the register that officers decide."""

    def __init__(
        self, database: Database, clock: Clock, registry: Registry, sessions: Sessions, *, environment: str
    ) -> None:
        self._database = database
        self._clock = clock
        self._registry = registry
        self._sessions = sessions
        self.approvals_needed = 2 if environment == "production" else 1

    def change_kinds(self) -> tuple[ChangeKind, ...]:
        """Return the kinds of change about clients; their target is the client's id."""
        return (
            ChangeKind(PUBLISH, Permission.APPROVE_CLIENTS, self._publish),
            ChangeKind(RESUME, Permission.APPROVE_CLIENTS, self._resume),
        )

    def propose(
        self,
        registration: Mapping[str, Any],
        officer: Officer,
        reason: str,
        changes: Changes,
        *,
        client_id: str | None = None,
    ) -> UUID:
        """Ask for a registration to be put into force: of this client, else of a new one. Returns the request's id.

        What was asked for this client before is void, with the approvals it has. Raises RegistrationRefused.
        """
        problems = self._problems_of(registration, officer, client_id)
        if problems:
            raise RegistrationRefused(problems)
        with self._database.transaction():
            # Requests first, then the client: approving locks in the same order.
            target = str(registration["client_id"])
            changes.supersede(PUBLISH, target, officer)
            outcome = self._registry.propose(registration, actor=officer.actor)
            if isinstance(outcome, Refused):
                raise RegistrationRefused(outcome.problems)
            if outcome.status == "unchanged":
                raise RegistrationRefused([Problem("", said("nothing differs from what is in force"))])
            comparison = self._registry.compare(target, outcome.version)
            digest = comparison.version.content_digest if comparison else ""
            content = {"version": outcome.version, "content_digest": digest}
            return changes.request(
                PUBLISH,
                target,
                content,
                author=officer,
                reason=reason,
                approvals=self.approvals_needed,
                subject_digest=bytes.fromhex(digest),
            )

    def _problems_of(self, registration: Mapping[str, Any], officer: Officer, client_id: str | None) -> list[Problem]:
        given = registration.get("client_id")
        policy = registration.get("policy")
        agency = policy.get("agency") if isinstance(policy, Mapping) else None
        if not isinstance(given, str) or not CLIENT_ID.match(given) or client_id not in {None, given}:
            return [Problem("client_id", said("must be %(description)s", description=client_id or _CLIENT_ID))]
        if client_id is None and self._registry.show(given) is not None:
            return [Problem("client_id", said("is taken"))]
        if not officer.looks_after(agency):
            return [
                Problem(
                    "policy.agency",
                    said("a department delegate registers sites of %(agency)s only", agency=repr(officer.agency)),
                )
            ]
        return []

    def propose_version(self, client_id: str, number: int, officer: Officer, reason: str, changes: Changes) -> UUID:
        """Ask for the content of a version to be put into force: of the draft, or of one that was in force before."""
        comparison = self._registry.compare(client_id, number)
        if comparison is None:
            raise RegistrationRefused(
                [
                    Problem(
                        "",
                        said(
                            "there is no version %(number)s of %(client_id)s", number=number, client_id=repr(client_id)
                        ),
                    )
                ]
            )
        return self.propose(comparison.content, officer, reason, changes, client_id=client_id)

    def simulation_of(self, client_id: str, comparison: Comparison) -> Simulated | None:
        """Return what a version would have meant for the latest sign-ins; None where it changes nothing about them."""
        if not is_simulated(comparison):
            return None
        with self._database.searching() as connection:
            return simulate(connection, client_id, comparison.content, self._clock.now())

    def ask_to_resume(self, client_id: str, officer: Officer, reason: str, changes: Changes) -> UUID:
        """Ask for a stopped client to work again. Returns the request's id."""
        with self._database.transaction():
            changes.supersede(RESUME, client_id, officer)
            return changes.request(
                RESUME, client_id, {}, author=officer, reason=reason, approvals=self.approvals_needed
            )

    def stop(self, client_id: str, *, actor: str, reason: str | None) -> Ended | Refused:
        """Stop a client at once and everywhere: what it holds is void from the commit on. Returns what ended by now;
        the worker ends the rest.
        """
        with self._database.transaction():
            outcome = self._registry.suspend(client_id, actor=actor, reason=reason)
            if isinstance(outcome, Refused):
                return outcome
            sweep = self._sessions.sweeps.begin(client_id, reason=STOPPED, actor=actor)
        self._registry.forget_cached()
        return self._sessions.sweeps.run(sweep, most_batches=_AT_ONCE)

    def resume(self, client_id: str, *, actor: str, reason: str | None) -> StateChanged | Refused:
        """Let a stopped client work again. Raises UserError while what it held is still being ended: it would come back
        to life.
        """
        with self._database.transaction():
            if not self._sessions.sweeps.conclude(client_id):
                raise UserError(_SWEEPING)
            outcome = self._registry.resume(client_id, actor=actor, reason=reason)
        self._registry.forget_cached()
        return outcome

    def _publish(self, change: Change, approver: Officer) -> None:
        content = change.content
        approval = Approval(change.id, change.approvals_needed, content["version"], content["content_digest"])
        _done(self._registry.approve(change.target, actor=approver.actor, approval=approval))

    def _resume(self, change: Change, approver: Officer) -> None:
        _done(self.resume(change.target, actor=approver.actor, reason=change.reason))


def _done(outcome: StateChanged | Refused) -> None:
    if isinstance(outcome, Refused):
        raise UserError(_REFUSED, problems=all_said(problem.said for problem in outcome.problems))
