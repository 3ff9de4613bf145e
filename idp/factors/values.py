"""What the factors package hands out: which authenticators an account has, without their secrets."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from idp.factors.password_hashing import Verifier

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class StoredPassword:
    """The password of an account as it is stored."""

    authenticator_id: UUID
    verifier: Verifier = field(repr=False)


@dataclass(frozen=True, slots=True)
class AuthenticatorView:
    """One authenticator as its holder sees it. ``codes_left`` is set for recovery codes only, ``is_attested`` and
    ``is_backed_up`` tell something of passkeys only.
    """

    id: UUID
    kind: str
    label: str
    created_at: datetime
    last_used_at: datetime | None
    is_disabled: bool
    codes_left: int | None
    is_attested: bool = False
    is_backed_up: bool = False


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The authenticators of one account, oldest first."""

    account_id: UUID
    password: StoredPassword | None
    authenticators: tuple[AuthenticatorView, ...]

    @property
    def second_factors(self) -> tuple[str, ...]:
        """Return the kinds of second factor that can be asked for, the last used first; none without an authenticator
        that one holds.
        """
        held = [view for view in self.authenticators if view.kind != "password" and not view.is_disabled]
        usable = [view for view in held if view.codes_left is None or view.codes_left > 0]
        used = sorted(usable, key=lambda view: view.last_used_at or _NEVER, reverse=True)
        return tuple(dict.fromkeys(view.kind for view in used))

    @property
    def has_second_factor(self) -> bool:
        """Tell whether a second factor was ever enrolled and not removed; one that is used up or disabled still counts.

        Whoever spends or disables it must not thereby get rid of it.
        """
        return any(view.kind != "password" for view in self.authenticators)

    @property
    def has_attested_passkey(self) -> bool:
        """Tell whether aal3 can be reached."""
        return any(view.is_attested and not view.is_disabled for view in self.authenticators)

    def of_kind(self, kind: str) -> tuple[AuthenticatorView, ...]:
        """Return the authenticators of one kind, disabled ones among them."""
        return tuple(view for view in self.authenticators if view.kind == kind)

    @property
    def codes_left(self) -> int | None:
        """Return how many recovery codes are unused, None if there were never any."""
        return next((view.codes_left for view in self.authenticators if view.codes_left is not None), None)
