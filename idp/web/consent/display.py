"""From a consent request to the words of its page: claims grouped by where they come from, each with its masked present
value.
"""

from collections.abc import Collection
from typing import Any

from idp.accounts.claims import ACCOUNT, SOURCES, Profile
from idp.foundation.translation import marked
from idp.protocol.authorization_details import TYPES_BY_NAME, Detail
from idp.protocol.claims import SCOPE_CLAIMS
from idp.protocol.consent_request import ConsentRequest
from idp.web.shared.locale import current_locale, gettext
from idp.web.shared.messages import CLAIM_NAMES, listed_claims
from idp.web.shared.services import services

_WORDS = {"male": marked("male"), "female": marked("female")}
_DAY = 86_400


def context_of(asked: ConsentRequest) -> dict[str, Any]:
    """Return the context of the consent page."""
    profile = services().accounts.profile(asked.session.account_id, organization_id=asked.session.organization_id)
    new = asked.required - asked.known
    is_later = bool(asked.known) and bool(new)
    client, locale = asked.client, current_locale()
    return {
        "person": (profile.masked_claim("name") or profile.masked_claim("preferred_username") or "") if profile else "",
        "sources": _groups(new if is_later else asked.required, profile, asked),
        "given": _groups(asked.known & asked.required, profile, asked) if is_later else [],
        "only_new": is_later,
        "optional": [_box(name, profile, asked) for name in listed_claims(asked.optional)],
        "acts_at": [_place(resource) for resource in asked.services],
        "authorization_details": [_detail(detail, asked) for detail in asked.details],
        "offline": asked.is_offline,
        "days": services().settings.consent_lifetime_seconds // _DAY,
        "privacy_url": client.policy_uri,
        "legal_basis": client.legal_basis_in(locale),
        "displayed": asked.displayed,
        "sign_out_url": "/logout",
        "unverified": client.is_unverified,
    }


def _place(resource: str) -> str:
    """Return the name of the service behind a resource (RFC 8707)."""
    server = services().registry.serving(resource)
    return resource if server is None else server.name_in(current_locale())


def _detail(detail: Detail, asked: ConsentRequest) -> dict[str, Any]:
    """Return one of the authorization details (RFC 9396) as the template of its type shows it."""
    kind = TYPES_BY_NAME[detail["type"]]
    purpose = detail.get("purpose", "")
    return {
        **kind.view(detail),
        "template": f"consent/authorization_details/{kind.name}.html",
        "places": [_agency(resource) for resource in detail.get("locations", ())],
        "purpose": asked.client.purpose(purpose, current_locale()) or purpose,
    }


def _agency(resource: str) -> str:
    server = services().registry.serving(resource)
    return resource if server is None else server.agency_name_in(current_locale())


def _groups(names: Collection[str], profile: Profile | None, asked: ConsentRequest) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, str]]] = {}
    for name in listed_claims(names):
        value = _value(name, profile)
        source = profile.claim_source(name) if profile else ACCOUNT
        line = {
            "term": gettext(CLAIM_NAMES.get(name, name)),
            "value": value or gettext("not on record"),
            "purpose": _purpose(name, asked),
        }
        groups.setdefault(source, []).append(line)
    return [
        {"name": gettext(SOURCES[source].title), "note": gettext(SOURCES[source].note), "claims": lines}
        for source, lines in groups.items()
    ]


def _box(name: str, profile: Profile | None, asked: ConsentRequest) -> dict[str, str]:
    value = _value(name, profile)
    label = gettext(CLAIM_NAMES.get(name, name))
    text = gettext("%(claim)s: %(value)s", claim=label, value=value) if value else label
    return {"value": name, "label": text, "hint": _purpose(name, asked)}


def _value(name: str, profile: Profile | None) -> str | None:
    value = profile.masked_claim(name) if profile else None
    return gettext(_WORDS[value]) if value in _WORDS else value


def _purpose(name: str, asked: ConsentRequest) -> str:
    """Return what the client says it wants a claim for: its own words for the claim, else for a scope that holds it."""
    scopes = [scope for scope in sorted(asked.scopes) if name in SCOPE_CLAIMS.get(scope, ())]
    said = (asked.client.purpose(key, current_locale()) for key in (name, *scopes))
    return next((words for words in said if words), "")
