"""What a banner says, and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from idp.foundation.translation import DEFAULT_LOCALE, marked

SIGN_IN: Final = "sign_in"
ABOUT: Final[Mapping[str, str]] = MappingProxyType(
    {
        SIGN_IN: marked("Signing in"),
        "password": marked("Password"),
        "passkey": marked("Passkey"),
        "totp": marked("Authenticator app"),
        "recovery_code": marked("Recovery codes"),
    }
)
"""What a banner may be about, and what people call it: signing in as a whole, or one method."""

PLANNED: Final = "planned"
SHOWING: Final = "showing"
OVER: Final = "over"


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be announced."""

    text_zh: str
    text_en: str
    about: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Banner:
    """A banner as it stands. ``revision`` counts its changes, so that nobody overwrites what they have not seen."""

    id: UUID
    text_zh: str
    text_en: str
    about: str
    starts_at: datetime
    ends_at: datetime
    revision: int
    actor: str
    created_at: datetime
    withdrawn_at: datetime | None

    def text_in(self, locale: str) -> str:
        """Return the text in the language of a page."""
        return self.text_zh if locale == DEFAULT_LOCALE else self.text_en

    def state(self, at: datetime) -> str:
        """Return where it stands at a time: over at the very moment of its end."""
        if self.withdrawn_at is not None or at >= self.ends_at:
            return OVER
        return PLANNED if at < self.starts_at else SHOWING
