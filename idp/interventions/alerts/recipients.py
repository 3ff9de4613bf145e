"""Who is told: officers by their power, the contacts of a service, the holder of an account. Only they."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from idp.accounts.contacts import parse_email
from idp.accounts.service import Accounts
from idp.foundation.masked import Masked
from idp.foundation.translation import DEFAULT_LOCALE, locale_of
from idp.notices.values import EVERY_LOCALE, Recipient
from idp.staff.powers import Power
from idp.staff.service import Staff

_SCHEME: Final = "mailto:"


class Recipients:
    """Finds the addresses of people."""

    def __init__(self, staff: Staff, accounts: Accounts) -> None:
        self._staff = staff
        self._accounts = accounts

    def officers(self, *powers: Power, agency: str | None = None) -> list[Recipient]:
        """Return the officers with one of these powers now; of delegates those of an agency only."""
        holders = [one for one in self._staff.holders() if one.ended_at is None and one.power in powers]
        mine = [one for one in holders if one.power is not Power.DELEGATE or one.agency == agency]
        found = [self.holder(one.account_id) for one in mine]
        return [one for one in found if one is not None]

    def holder(self, account_id: UUID) -> Recipient | None:
        """Return the holder of an account, None if they named no address or are locked out."""
        mailbox = self._accounts.mailbox(account_id)
        if mailbox is None:
            return None
        locale = locale_of(mailbox.preferred_language or "") or DEFAULT_LOCALE
        return Recipient(mailbox.address, locale, account_id)


def contacts_of(texts: Iterable[str]) -> list[Recipient]:
    """Return the contacts of a registration (RFC 7591 §2) that are e-mail addresses. In which language their readers
    are at home no registration says, so their letters are in both.
    """
    addresses = [parse_email(text.removeprefix(_SCHEME)) for text in texts]
    return [Recipient(Masked(one), EVERY_LOCALE) for one in addresses if one is not None]
