"""What the enrolment package hands out: the means of sign-in as they stand, and what became of a change."""

from dataclasses import dataclass, field

from idp.enrolment.rules import held
from idp.factors.values import AuthenticatorView, Enrolled


@dataclass(frozen=True, slots=True)
class StepUpNeeded:
    """The sign-in is too old, or too weak, for this change: sign in anew with this acr."""

    acr: str


@dataclass(frozen=True, slots=True)
class WrongCurrentPassword:
    """The present password is not right."""


@dataclass(frozen=True, slots=True)
class Changed:
    """It is done."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Nothing was removed: it is the last one that this account must keep, or it is not there."""


@dataclass(frozen=True, slots=True)
class NothingPending:
    """No authenticator app is being set up, or it took longer than 15 minutes."""


@dataclass(frozen=True, slots=True)
class Added:
    """The authenticator app or passkey is set up, and the session has a new cookie."""

    session_cookie: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewCodes:
    """Ten recovery codes, to be shown now and never again."""

    codes: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class NothingToReplace:
    """There is no authenticator app or passkey that recovery codes could take the place of."""


@dataclass(frozen=True, slots=True)
class Methods:
    """The means of sign-in of an account, and what may be done with them."""

    enrolled: Enrolled
    can_remove_app: bool
    can_remove_passkey: bool
    least_password_length: int

    def is_last(self, view: AuthenticatorView) -> bool:
        """Tell whether nothing that the person holds is left without this one."""
        return all(one.id == view.id for one in held(self.enrolled))

    @property
    def password(self) -> AuthenticatorView | None:
        return next(iter(self.enrolled.of_kind("password")), None)

    @property
    def apps(self) -> tuple[AuthenticatorView, ...]:
        return self.enrolled.of_kind("totp")

    @property
    def passkeys(self) -> tuple[AuthenticatorView, ...]:
        return self.enrolled.of_kind("passkey")

    @property
    def recovery_codes(self) -> AuthenticatorView | None:
        return next(iter(self.enrolled.of_kind("recovery_code")), None)
