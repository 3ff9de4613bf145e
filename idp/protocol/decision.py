"""What an authorization request still needs (OpenID Connect Core §3.1.2.3 and §3.1.2.4). Pure, no exceptions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from idp.consents.rules import Remembered
from idp.factors.assurance import Decay, acr_of, satisfies
from idp.protocol.authorization_request import AuthorizationRequest
from idp.protocol.situation import Situation

STATUTORY, CONSENT = "statutory", "consent"


class Need(Enum):
    """The next thing to do, in the order in which it is found."""

    SIGN_IN = "sign_in"
    SELECT_ACCOUNT = "select_account"
    OTHER_PERSON = "other_person"
    NOT_ADMITTED = "not_admitted"
    IDENTITY = "identity"
    CONSENT = "consent"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is needed, and whether a sign-in for it must be a fresh one. ``acr`` is what the session is worth now."""

    need: Need
    acr: str = ""
    is_fresh_login_needed: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """What has been done for the interaction being resumed; a first request has none."""

    interaction_id: UUID | None = None
    has_consented: bool = False
    has_chosen_account: bool = False


_FIRST = Progress()


def basis_of(request: AuthorizationRequest) -> str:
    """Return on what the release of claims rests: the person's consent, or a statute that the registration names."""
    return STATUTORY if request.client.consent == STATUTORY else CONSENT


def decide(
    request: AuthorizationRequest,
    situation: Situation | None,
    progress: Progress = _FIRST,
    *,
    now: datetime,
    decay: Decay,
) -> Verdict:
    """Say what is missing. A sign-in counts as fresh only if it was made for this very interaction (rule S1)."""
    if situation is None:
        return Verdict(Need.SIGN_IN, is_fresh_login_needed=_asks_fresh(request))
    session = situation.session
    acr = acr_of(session.factors, now, last_used_at=session.last_seen_at, decay=decay)
    is_for_this = progress.interaction_id is not None and session.interaction_id == progress.interaction_id
    is_other = _is_other_person(request, situation)
    if not is_for_this and (is_other or _is_stale(request, session.auth_time, now)):
        return Verdict(Need.SIGN_IN, acr, is_fresh_login_needed=True)
    if is_other:
        return Verdict(Need.OTHER_PERSON, acr)
    if "select_account" in request.prompts and not (is_for_this or progress.has_chosen_account):
        return Verdict(Need.SELECT_ACCOUNT, acr)
    return Verdict(_need_of_signed_in(request, situation, progress, acr=acr, now=now), acr)


def _need_of_signed_in(
    request: AuthorizationRequest, situation: Situation, progress: Progress, *, acr: str, now: datetime
) -> Need:
    """Return what is missing when the right person has signed in recently enough."""
    if situation.session.account_kind not in request.client.account_kinds:
        return Need.NOT_ADMITTED
    if situation.ial is not None and situation.ial < request.client.min_ial:
        return Need.IDENTITY
    if not satisfies(acr, request.acr_needed):
        return Need.SIGN_IN
    is_asked = not progress.has_consented and _needs_consent(request, situation.consent, now)
    return Need.CONSENT if is_asked else Need.NOTHING


def _asks_fresh(request: AuthorizationRequest) -> bool:
    return "login" in request.prompts


def _is_stale(request: AuthorizationRequest, auth_time: datetime, now: datetime) -> bool:
    if _asks_fresh(request):
        return True
    return request.max_age is not None and (
        request.max_age == 0 or now - auth_time > timedelta(seconds=request.max_age)
    )


def _is_other_person(request: AuthorizationRequest, situation: Situation) -> bool:
    # Whoever has no sub in this sector yet cannot be the one whom the client knows by a sub.
    return request.hinted_sub is not None and situation.sub != request.hinted_sub


def _needs_consent(request: AuthorizationRequest, consent: Remembered | None, now: datetime) -> bool:
    # The first visit to a client always shows a page, whatever the basis (rule P6).
    if consent is None or "consent" in request.prompts:
        return True
    return not consent.covers(
        request.scopes,
        request.claim_names,
        basis=basis_of(request),
        now=now,
        services=frozenset(request.services),
        details=request.details,
        purposes=request.purposes,
    )
