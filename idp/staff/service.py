"""Who has which power: granting, ending, and the first officers of a deployment (rules A1, A2)."""

from collections.abc import Collection
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import exists, insert, select, update
from sqlalchemy.exc import IntegrityError

from idp.accounts.models import Account
from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.digests import sha256
from idp.foundation.entropy import Entropy
from idp.foundation.errors import UserError
from idp.foundation.masked import Masked
from idp.foundation.translation import marked
from idp.staff.events import BootstrapCodesMade, Holding, OfficerActed, PowerEnded, PowerGranted, PowerReviewed
from idp.staff.models import BootstrapCode, OfficerPower
from idp.staff.powers import Power
from idp.staff.values import Holder, Officer

_CODE_LIFETIME: Final = timedelta(minutes=15)
_FIRST_OFFICERS: Final = 2
_NOT_STAFF: Final = marked("Only a staff account that is neither locked nor closed can have a power.")
_OTHER_ACCOUNT: Final = marked("This person already uses a power through another account.")
_NO_AGENCY: Final = marked("A department delegate needs the agency whose sites they look after.")
_OWN_REVIEW: Final = marked("Nobody reviews their own power: another officer does.")
_CHANGED: Final = marked("The power has changed or ended meanwhile. Look at it again.")
_LIVE = (Account.locked_at.is_(None), Account.closed_at.is_(None))


class Staff:
    """The officers of this deployment."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy, audit: Audit) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._audit = audit

    def officer(self, account_id: UUID) -> Officer | None:
        """Return the officer behind an account; one SELECT."""
        statement = select(
            OfficerPower.person_id, OfficerPower.account_id, OfficerPower.power, OfficerPower.agency
        ).where(OfficerPower.account_id == account_id, OfficerPower.ended_at.is_(None))
        with self._database.read() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else Officer(row.person_id, row.account_id, Power(row.power), row.agency)

    def holders(self) -> list[Holder]:
        """Return everybody who has or had a power, by power and time."""
        statement = (
            select(OfficerPower, Account.username)
            .join(Account, Account.id == OfficerPower.account_id)
            .order_by(OfficerPower.power, OfficerPower.granted_at)
        )
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
        return [
            Holder(
                row.person_id,
                row.account_id,
                row.username,
                Power(row.power),
                row.agency,
                row.granted_at,
                row.ended_at,
                row.reviewed_at,
            )
            for row in rows
        ]

    def grant(self, account_id: UUID, power: Power, *, actor: str, reason: str, agency: str | None = None) -> None:
        """Give the human behind a staff account this power instead of any other. Raises UserError."""
        if power is Power.DELEGATE and not agency:
            raise UserError(_NO_AGENCY, field="agency")
        values = {
            "account_id": account_id,
            "power": power.value,
            "agency": agency,
            "granted_at": self._clock.now(),
            "reviewed_at": None,
        }
        with self._database.transaction() as connection:
            person = connection.scalar(
                select(Account.natural_person_id).where(Account.id == account_id, Account.kind == "staff", *_LIVE)
            )
            if person is None:
                raise UserError(_NOT_STAFF)
            held = connection.execute(select(OfficerPower).where(OfficerPower.person_id == person)).one_or_none()
            if held is not None and held.ended_at is None and held.account_id != account_id:
                raise UserError(_OTHER_ACCOUNT)
            if held is None:
                connection.execute(insert(OfficerPower), {**values, "person_id": person})
            else:
                connection.execute(
                    update(OfficerPower).where(OfficerPower.person_id == person), {**values, "ended_at": None}
                )
            is_held = held is not None and held.ended_at is None
            before = Holding(power=held.power, agency=held.agency) if held is not None and is_held else None
            after = Holding(power=power.value, agency=agency)
            self._audit.record(
                PowerGranted(actor=actor, account_id=account_id, reason=reason, before=before, after=after)
            )

    def end(self, person_id: UUID, *, actor: str, reason: str) -> bool:
        """Take the power of a human away; it is gone at their next request. Tells whether there was one."""
        ending = (
            update(OfficerPower)
            .where(OfficerPower.person_id == person_id, OfficerPower.ended_at.is_(None))
            .values(ended_at=self._clock.now())
            .returning(OfficerPower.account_id, OfficerPower.power, OfficerPower.agency)
        )
        with self._database.transaction() as connection:
            row = connection.execute(ending).one_or_none()
            if row is None:
                return False
            before = Holding(power=row.power, agency=row.agency)
            self._audit.record(PowerEnded(actor=actor, account_id=row.account_id, reason=reason, before=before))
        return True

    def review(self, holder: Holder, reviewer: Officer, reason: str) -> None:
        """Note that another officer says that a power, as it was looked at, is still needed. Raises UserError."""
        if holder.person_id == reviewer.person_id:
            raise UserError(_OWN_REVIEW)
        reviewing = (
            update(OfficerPower)
            .where(
                OfficerPower.person_id == holder.person_id,
                OfficerPower.ended_at.is_(None),
                OfficerPower.granted_at == holder.granted_at,
            )
            .values(reviewed_at=self._clock.now())
        )
        with self._database.transaction() as connection:
            if connection.execute(reviewing).rowcount == 0:
                raise UserError(_CHANGED)
            self._audit.record(
                PowerReviewed(
                    actor=reviewer.actor,
                    account_id=holder.account_id,
                    reason=reason,
                    power=holder.power.value,
                    agency=holder.agency,
                )
            )

    def note_reason(
        self,
        officer: Officer,
        what: str,
        reason: str,
        *,
        account_id: UUID | None = None,
        session_id: UUID | None = None,
        client_id: str | None = None,
    ) -> None:
        """Record an officer's act with the reason in their own words."""
        self._audit.record(
            OfficerActed(
                actor=officer.actor,
                what=what,
                reason=reason,
                account_id=account_id,
                session_id=session_id,
                client_id=client_id,
            )
        )

    def has_history(self) -> bool:
        """Tell whether anybody ever had a power here."""
        with self._database.read() as connection:
            return bool(connection.scalar(select(exists(select(OfficerPower.person_id)))))

    def have_history(self, person_ids: Collection[UUID]) -> bool:
        """Tell whether one of these humans has or had a power."""
        held = exists(select(OfficerPower.person_id).where(OfficerPower.person_id.in_(person_ids)))
        with self._database.read() as connection:
            return bool(connection.scalar(select(held)))

    def make_bootstrap_codes(self, *, actor: str) -> list[Masked] | None:
        """Make the codes for the first two security officers, who can then let in all others; None if there is history.

        Two, because one alone could never have a request approved.
        """
        codes = [Masked(self._entropy.token(15)) for _ in range(_FIRST_OFFICERS)]
        until = self._clock.now() + _CODE_LIFETIME
        with self._database.transaction() as connection:
            if self.has_history():
                return None
            rows = [{"digest": sha256(code.reveal()), "expires_at": until} for code in codes]
            connection.execute(insert(BootstrapCode), rows)
            self._audit.record(BootstrapCodesMade(actor=actor, count=len(codes)))
        return codes

    def redeem_bootstrap_code(self, account_id: UUID, code: str) -> bool:
        """Make the human behind a staff account a security officer, once for each code and each human."""
        claim = (
            update(BootstrapCode)
            .where(
                BootstrapCode.digest == sha256(code),
                BootstrapCode.expires_at > self._clock.now(),
                BootstrapCode.used_by.is_(None),
            )
            .returning(BootstrapCode.digest)
        )
        try:
            with self._database.transaction() as connection:
                person = connection.scalar(
                    select(Account.natural_person_id).where(Account.id == account_id, Account.kind == "staff", *_LIVE)
                )
                if person is None or connection.execute(claim, {"used_by": person}).one_or_none() is None:
                    return False
                self.grant(account_id, Power.SECURITY, actor=f"account:{account_id}", reason="bootstrap")
        except IntegrityError:
            return False
        return True
