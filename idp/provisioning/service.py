"""SCIM requests and answers as plain values (RFC 7644 §3): whoever serves HTTP knows nothing of the library behind.

The library is imported by the first request, because every start would pay for it.
"""

from typing import Final

import orjson

from idp.provisioning.members import Parts
from idp.provisioning.tenants import tenant_of
from idp.provisioning.values import SCIMAnswer, SCIMRequest

ROOT: Final = "/scim/v2"
MEDIA_TYPE: Final = "application/scim+json"
_ERROR: Final = "urn:ietf:params:scim:api:messages:2.0:Error"


class Provisioning:
    """The SCIM service of every tenant."""

    def __init__(self, parts: Parts, *, issuer: str, environment: str) -> None:
        self._parts = parts
        self._base_url = issuer + ROOT
        self._environment = environment

    def answer(self, request: SCIMRequest, *, tenant: str, client_id: str) -> SCIMAnswer:
        """Answer a request of the client that keeps a tenant's members. Raises DatabaseFailure."""
        from idp.provisioning.dialogue import respond

        whose = tenant_of(tenant, environment=self._environment)
        return respond(request, self._base_url, self._parts, whose, client_id)


def error_answer(status: int, detail: str, headers: tuple[tuple[str, str], ...] = ()) -> SCIMAnswer:
    """Return a refusal in SCIM's form (RFC 7644 §3.12)."""
    body = orjson.dumps({"schemas": [_ERROR], "status": str(status), "detail": detail})
    return SCIMAnswer(status, body, (("Content-Type", MEDIA_TYPE), *headers))
