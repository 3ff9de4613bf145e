"""Protected resource metadata (RFC 9728 §2 and §3): where a client that was refused learns who issues the tokens.

``resource`` is exactly the address asked for (§3.3): one document for userinfo, one for this provider as a whole.
"""

from typing import Any

from idp.foundation.settings import Settings
from idp.protocol.claims import SCOPES
from idp.protocol.endpoints.signals import MANAGE, READ
from idp.protocol.tokens.access_token import own_audiences

# What opens our other interfaces is of no use at userinfo (CAEP interoperability profile §2.7.2).
_API_SCOPES = (MANAGE, READ, "scim")
_WELL_KNOWN = "/.well-known/oauth-protected-resource"


def resource_metadata(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return the document of each path: the well-known part stands between the host and the resource's path (§3.1)."""
    issuer = settings.issuer
    return {
        _WELL_KNOWN + resource.removeprefix(issuer): {
            "resource": resource,
            "authorization_servers": [issuer],
            "jwks_uri": f"{issuer}/jwks.json",
            "scopes_supported": [
                *(scope for scope in SCOPES if scope != "offline_access"),
                *(_API_SCOPES if resource == issuer else ()),
            ],
            "bearer_methods_supported": ["header"] if resource == issuer else ["header", "body"],
            "resource_name": settings.operator_name,
            "resource_name#en": settings.operator_name_en,
        }
        for resource in own_audiences(issuer)
    }
