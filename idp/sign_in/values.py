"""What signing in is asked with, and what it answers. Expected refusals are values: their counters must survive."""

from dataclasses import dataclass, field
from uuid import UUID

from idp.accounts.views import MembershipView
from idp.factors.assurance import VerifiedFactor
from idp.factors.values import Enrolled
from idp.sessions.values import Browser, Session
from idp.sign_in.journey import Step


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser: its pre-session and device cookies, its live session if any, and where it comes from."""

    presession: str = field(repr=False)
    session: Session | None = None
    device: str | None = field(default=None, repr=False)
    browser: Browser = field(default_factory=Browser)


@dataclass(frozen=True, slots=True)
class AttemptFactor:
    """A factor verified in an attempt, and the interaction it was verified for."""

    factor: VerifiedFactor
    interaction_id: UUID


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in under way, of an account that may sign in. ``id`` is None while it has not been stored; ``enrolled`` is
    what the account had when this request read it, ``must_renew`` whether an officer requires a new credential, and
    ``follows_failures`` whether many passwords were wrong before the right one.
    """

    id: UUID | None
    account_id: UUID
    account_kind: str
    username: str = field(repr=False)
    factors: tuple[AttemptFactor, ...]
    password_is_short: bool
    enrolled: Enrolled
    organization_id: UUID | None = None
    remember: bool = False
    must_renew: bool = False
    follows_failures: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """Where a visit stands: the next step, and what its page has to know.

    Before a factor is verified, only ``step`` and ``is_step_up`` say anything (rule S4).
    """

    step: Step
    is_step_up: bool = False
    account_kind: str = ""
    second_factors: tuple[str, ...] = ()
    can_remember: bool = False
    memberships: tuple[MembershipView, ...] = ()


@dataclass(frozen=True, slots=True)
class Continue:
    """Go to the page of this step."""

    step: Step


@dataclass(frozen=True, slots=True)
class Finished:
    """The session is open: both values go into cookies, and the browser goes back to where it came from."""

    session_cookie: str = field(repr=False)
    device_cookie: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WrongPassword:
    """The account or the password is not right. Never says which (rule S4)."""


@dataclass(frozen=True, slots=True)
class Expired:
    """The step is not this visit's any more: done already, or left open for too long."""


@dataclass(frozen=True, slots=True)
class SecondFactorEnrolled:
    """The authenticator app is set up. The recovery codes are shown now and never again."""

    codes: tuple[str, ...] = field(repr=False)
