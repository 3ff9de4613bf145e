"""The use cases of signing in: a name and a password, a second factor, enrolling one, choosing an organization.

Each answers with a value: what comes next, or why not. The order of work does not depend on whether the account exists
(rule S4): a place to hash, the look-up, the counters, one hash, one record.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from idp.accounts.identifiers import Identifier, parse_identifier
from idp.accounts.requirements import Requirements
from idp.accounts.service import Accounts
from idp.accounts.views import SignInAccount
from idp.audit.service import Audit
from idp.factors.factor import WrongCode
from idp.factors.hashing_pool import Busy, Place
from idp.factors.passkey.values import PasskeyRefused, VerifiedPasskey
from idp.factors.password import PasswordCheck
from idp.factors.password_rules import is_short
from idp.factors.service import Factors
from idp.factors.totp import PendingTOTP
from idp.factors.values import Enrolled
from idp.foundation.database import Database
from idp.foundation.digests import b64url
from idp.foundation.throttle import Refused
from idp.interactions import Interaction
from idp.sessions.devices import KnownDevice
from idp.sign_in.events import CodeRefused, NotAdmitted, PasskeyNotAccepted, PasswordRefused
from idp.sign_in.journey import Step, can_remember
from idp.sign_in.progress import Progress
from idp.sign_in.proof_of_work import Challenge
from idp.sign_in.standing import Position, Standings, situation_of
from idp.sign_in.throttling import Tries, Try
from idp.sign_in.values import (
    Attempt,
    Continue,
    Expired,
    Finished,
    SecondFactorEnrolled,
    Situation,
    Visit,
    WrongPassword,
)

_PASSWORD = "password"
_SHOWN_DIGEST = 12
_ANONYMOUS = Situation(Step.PASSWORD)

PasswordOutcome = Busy | Refused | WrongPassword | Continue | Finished | Expired
PasskeyOutcome = PasskeyRefused | Continue | Finished | Expired
CodeOutcome = Refused | WrongCode | Continue | Finished | Expired


@dataclass(frozen=True, slots=True, repr=False)
class _Given:
    """What was typed, the keyed digest that stands for the name, and the work done instead of a wait."""

    identifier: Identifier
    digest: bytes
    password: str
    proof: str


class SignIn:
    """Brings people from the sign-in page to a session."""

    def __init__(
        self,
        database: Database,
        audit: Audit,
        *,
        accounts: Accounts,
        requirements: Requirements,
        factors: Factors,
        tries: Tries,
        standings: Standings,
        progress: Progress,
    ) -> None:
        self._database = database
        self._audit = audit
        self._accounts = accounts
        self._requirements = requirements
        self._factors = factors
        self._tries = tries
        self._standings = standings
        self._progress = progress

    def situation(self, visit: Visit, interaction: Interaction) -> Situation:
        """Return where a visit stands. Reads only."""
        position = self._position(visit, interaction)
        if position is None:
            return _ANONYMOUS
        is_step_up = visit.session is not None and visit.session.account_id == position.subject.account_id
        offer = can_remember(position.standing, interaction) and visit.session is None
        situation = situation_of(position, interaction, is_step_up=is_step_up, can_remember=offer)
        return replace(situation, step=Step.FINISH) if self._is_left_open(position, visit, interaction) else situation

    def submit_password(
        self, visit: Visit, interaction: Interaction, identifier: str, password: str, proof: str = ""
    ) -> PasswordOutcome:
        """Take a name and a password. Busy is decided before anything is looked up (rule S5). ``proof`` is of the work
        done instead of a wait.
        """
        parsed = parse_identifier(identifier)
        given = _Given(parsed, self._tries.digest_of(parsed), password, proof)
        place = self._factors.reserve(given.digest)
        if isinstance(place, Busy):
            return place
        with place:
            return self._try_password(visit, interaction, place, given)

    def work_for(self, visit: Visit, identifier: str, refused: Refused) -> Challenge | None:
        """Return the work that a browser may do instead of this wait, the same for known and unknown accounts."""
        return self._tries.work_for(self._tries.digest_of(parse_identifier(identifier)), visit.presession, refused)

    def _try_password(self, visit: Visit, interaction: Interaction, place: Place, given: _Given) -> PasswordOutcome:
        account, enrolled = self._factors.find_for_sign_in(given.identifier)
        # What nobody has is treated like what somebody has, under an id that no account has.
        account_id = account.id if account is not None else UUID(bytes=given.digest[:16])
        devices = self._standings.devices_of(visit)
        origin = self._standings.origin_of(visit, account_id, devices)
        charged = self._tries.charge_password(
            given.digest, account_id, origin, presession=visit.presession, proof=given.proof
        )
        if isinstance(charged, Refused):
            return charged
        enrolled = enrolled or Enrolled(account_id, None, ())
        check = self._factors.check_password(place, enrolled, given.digest, given.password)
        reason = _reason_against(account, check, charged)
        if account is None or reason is not None:
            self._audit.record(
                PasswordRefused(
                    account_id=None if account is None else account_id,
                    client_id=interaction.client_id,
                    reason=reason,
                    identifier=b64url(given.digest)[:_SHOWN_DIGEST],
                    known_device=origin.device_id is not None,
                )
            )
            return WrongPassword()
        attempt = Attempt(
            None,
            account.id,
            account.kind,
            account.username,
            (self._progress.proved(_PASSWORD, interaction),),
            is_short(given.password),
            enrolled,
            must_renew=account.must_renew,
            follows_failures=charged.follows_failures,
        )

        def accept() -> Continue | Finished:
            self._tries.succeeded(charged)
            self._factors.password_used(enrolled, check)
            return self._advance(visit, interaction, attempt, devices)

        return self._progress.committed(accept)

    def submit_code(
        self, visit: Visit, interaction: Interaction, kind: str, code: str, *, remember: bool = False
    ) -> CodeOutcome:
        """Take the code of a second factor: of an authenticator app (``totp``) or a ``recovery_code``."""
        position = self._position(visit, interaction)
        if position is None:
            return Expired()
        if position.step is not Step.SECOND_FACTOR:
            return Continue(position.step)
        account_id = position.subject.account_id
        origin = self._standings.origin_of(visit, account_id, position.devices)

        def verify() -> Refused | WrongCode | Continue | Finished:
            # Charged and verified in one transaction: whoever tries at the same time waits at the counter's row.
            charged = self._tries.charge_code(account_id, origin)
            if isinstance(charged, Refused):
                return charged
            outcome = self._factors.verify_code(kind, account_id, code)
            if isinstance(outcome, WrongCode):
                self._refuse_code(position, interaction, kind, outcome)
                return outcome
            self._tries.succeeded(charged)
            attempt = replace(self._with_factor(position, interaction, kind), remember=remember)
            return self._advance(visit, interaction, attempt, position.devices)

        return self._progress.committed(verify)

    def _refuse_code(self, position: Position, interaction: Interaction, kind: str, outcome: WrongCode) -> None:
        account_id = position.subject.account_id
        self._progress.failed(position.subject.attempt)
        self._audit.record(
            CodeRefused(
                actor=f"account:{account_id}",
                account_id=account_id,
                client_id=interaction.client_id,
                reason=outcome.reason,
                kind=kind,
            )
        )

    def ask_passkey(self, visit: Visit) -> str:
        """Return what this browser is asked for a passkey, as JSON: the same for everybody (rule S4)."""
        return self._factors.ask_passkey(visit.presession)

    def submit_passkey(self, visit: Visit, interaction: Interaction, response: str) -> PasskeyOutcome:
        """Take the answer of a passkey: in place of name and password, or after them."""
        position = self._position(visit, interaction)

        def verify() -> PasskeyRefused | Continue | Finished:
            outcome = self._factors.verify_passkey(visit.presession, response)
            if not isinstance(outcome, PasskeyRefused):
                attempt = self._attempt_with_passkey(position, interaction, outcome)
                if attempt is not None:
                    return self._advance(visit, interaction, attempt, self._standings.devices_of(visit))
                outcome = PasskeyRefused("not_admitted", outcome.account_id)
            self._refuse_passkey(position, interaction, outcome, visit.browser.network)
            return outcome

        return self._progress.committed(verify)

    def _attempt_with_passkey(
        self, position: Position | None, interaction: Interaction, verified: VerifiedPasskey
    ) -> Attempt | None:
        """Return the attempt with the passkey, None if its account is not admitted.

        A passkey is a whole sign-in: that of another account begins anew in the place of the one under way.
        """
        account = self._accounts.get_for_sign_in(verified.account_id)
        if account is None or not account.is_admitted:
            return None
        if position is not None and position.subject.account_id == account.id:
            return self._with_factor(position, interaction, verified.kind)
        under_way = position.subject.attempt if position is not None else None
        return Attempt(
            under_way.id if under_way is not None else None,
            account.id,
            account.kind,
            account.username,
            (self._progress.proved(verified.kind, interaction),),
            password_is_short=False,
            enrolled=self._factors.enrolled(account.id),
            must_renew=account.must_renew,
        )

    def _refuse_passkey(
        self, position: Position | None, interaction: Interaction, refused: PasskeyRefused, network: str
    ) -> None:
        if position is not None:
            self._progress.failed(position.subject.attempt)
        if refused.account_id is None and not self._tries.is_to_be_recorded(network):
            return
        self._audit.record(
            PasskeyNotAccepted(account_id=refused.account_id, client_id=interaction.client_id, reason=refused.reason)
        )

    def begin_totp(self, visit: Visit, interaction: Interaction) -> PendingTOTP | Continue:
        """Make the secret of a second factor that has to be set up before this sign-in goes on."""
        position = self._enrolling(visit, interaction)
        if isinstance(position, Continue):
            return position
        return self._factors.begin_totp(position.subject.account_id, self._username(position), visit.presession)

    def pending_totp(self, visit: Visit, interaction: Interaction) -> PendingTOTP | None:
        """Return the secret under way, to show it again beside a wrong code."""
        position = self._enrolling(visit, interaction)
        if isinstance(position, Continue):
            return None
        return self._factors.pending_totp(position.subject.account_id, self._username(position), visit.presession)

    def confirm_totp(
        self, visit: Visit, interaction: Interaction, code: str, label: str
    ) -> SecondFactorEnrolled | WrongCode | Continue | Expired:
        """Set up the second factor with its first code, which counts for this sign-in too."""
        position = self._enrolling(visit, interaction)
        if isinstance(position, Continue):
            return position
        account_id = position.subject.account_id
        actor = f"account:{account_id}"
        with self._database.transaction():
            outcome = self._factors.confirm_totp(account_id, code, label=label, actor=actor, browser=visit.presession)
            if outcome is None:
                return Expired()
            if isinstance(outcome, WrongCode):
                return outcome
            self._requirements.note_factor_enrolled(account_id, "totp", actor=actor)
            codes = self._factors.make_recovery_codes(account_id, actor=actor)
            self._progress.keep(visit, self._with_factor(position, interaction, "totp"))
        return SecondFactorEnrolled(codes)

    def choose_organization(
        self, visit: Visit, interaction: Interaction, organization_id: UUID
    ) -> Continue | Finished | Expired:
        """Choose for whom an enterprise account acts. An organization it is no member of leaves the step as it is."""
        position = self._position(visit, interaction)
        if position is None or position.subject.attempt is None:
            return Expired()
        is_member = any(one.organization_id == organization_id for one in position.memberships)
        if position.step is not Step.ORGANIZATION or not is_member:
            return Continue(position.step)
        attempt = replace(position.subject.attempt, organization_id=organization_id)
        return self._progress.committed(lambda: self._advance(visit, interaction, attempt, position.devices))

    def proceed(self, visit: Visit, interaction: Interaction) -> Continue | Finished | Expired:
        """Finish if nothing is left to do, else say what is."""
        position = self._position(visit, interaction)
        if position is None:
            return Expired()
        if position.step is not Step.DONE:
            return Continue(position.step)
        return self._progress.committed(lambda: self._progress.advance(visit, interaction, position))

    def _advance(
        self, visit: Visit, interaction: Interaction, attempt: Attempt, devices: tuple[KnownDevice, ...]
    ) -> Continue | Finished:
        subject = self._standings.subject_with(attempt, visit, interaction)
        position = self._standings.position(subject, visit, interaction, devices)
        if position.step is Step.NOT_ADMITTED:
            self._audit.record(
                NotAdmitted(
                    actor=f"account:{attempt.account_id}",
                    account_id=attempt.account_id,
                    client_id=interaction.client_id,
                    kind=attempt.account_kind,
                )
            )
        return self._progress.advance(visit, interaction, position)

    def _position(self, visit: Visit, interaction: Interaction) -> Position | None:
        subject = self._standings.subject_of(visit, interaction)
        if subject is None:
            return None
        return self._standings.position(subject, visit, interaction, self._standings.devices_of(visit))

    def _is_left_open(self, position: Position, visit: Visit, interaction: Interaction) -> bool:
        """Tell whether it is the attempt, and not the session alone, that has proved all."""
        subject = position.subject
        if position.step is not Step.DONE or subject.attempt is None:
            return False
        if subject.session is None:
            return True
        alone = self._standings.position(replace(subject, attempt=None), visit, interaction, position.devices)
        return alone.step is not Step.DONE

    def _enrolling(self, visit: Visit, interaction: Interaction) -> Position | Continue:
        position = self._position(visit, interaction)
        if position is None:
            return Continue(Step.PASSWORD)
        return position if position.step is Step.ENROL_SECOND_FACTOR else Continue(position.step)

    def _with_factor(self, position: Position, interaction: Interaction, kind: str) -> Attempt:
        """Return the attempt with one more factor; a step-up of a session begins one."""
        subject = position.subject
        proved = self._progress.proved(kind, interaction)
        if subject.attempt is not None:
            return replace(subject.attempt, factors=(*subject.attempt.factors, proved))
        enrolled = position.enrolled or self._factors.enrolled(subject.account_id)
        is_short_password = position.standing.password_is_short
        return Attempt(None, subject.account_id, subject.account_kind, "", (proved,), is_short_password, enrolled)

    def _username(self, position: Position) -> str:
        if position.subject.attempt is not None:
            return position.subject.attempt.username
        account = self._accounts.get(position.subject.account_id)
        return account.username if account is not None else ""


def _reason_against(account: SignInAccount | None, check: PasswordCheck, charged: Try) -> str | None:
    """Return why a password is not accepted, for the record; the person is told the same in every case."""
    if account is None:
        return "unknown"
    if not check.is_right:
        return "wrong"
    if not account.is_admitted:
        return "not_admitted"
    return "stopped" if charged.is_stopped else None
