"""One request, answered by scim2-server over a tenant's members (RFC 7644 §3), with our bounds."""

from typing import Any, Final

import orjson
from scim2_models import Error, InvalidFilterException, ResourceType, SearchRequest
from scim2_server.handler import ScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.service import ScimService

from idp.foundation.database import DatabaseFailure
from idp.foundation.logging import get_logger
from idp.provisioning.filters import LONGEST_FILTER
from idp.provisioning.members import Parts
from idp.provisioning.schema import AGENCY, LEGAL_PERSON, StaffUser, User
from idp.provisioning.storage import MemberStorage
from idp.provisioning.tenants import Agency, Tenant
from idp.provisioning.values import SCIMAnswer, SCIMRequest

_READS: Final = frozenset({"GET", "HEAD"})
_FAILED: Final = 500
_LAST_INDEX: Final = 2**31
_log = get_logger(__name__)


class _Service(ScimService):
    """The library's protocol with our bounds, and a line in our log for what nobody foresaw."""

    def read_search(self, resource_types: list[ResourceType], payload: Any) -> tuple[SearchRequest[Any], Any]:  # noqa: ANN401
        asked = payload.get("filter") if isinstance(payload, dict) else None
        if isinstance(asked, str) and len(asked) > LONGEST_FILTER:
            raise InvalidFilterException(detail=f"A filter has at most {LONGEST_FILTER} characters.")
        search, position = super().read_search(resource_types, payload)
        search.start_index = min(search.start_index or 1, _LAST_INDEX)
        return search, position

    def error_of(self, exception: Exception) -> Error:  # type: ignore[override] # theirs is static and called by self
        error = ScimService.error_of(exception)
        if error.status == _FAILED:
            _log.error("provisioning_failed", exc_info=exception)
        return error


_FOR_AGENCY: Final = _Service(AGENCY)
_FOR_LEGAL_PERSON: Final = _Service(LEGAL_PERSON)


def respond(request: SCIMRequest, base_url: str, parts: Parts, tenant: Tenant, client_id: str) -> SCIMAnswer:
    """Answer a request. Raises DatabaseFailure; whatever else happens is told in SCIM's own form."""
    service, model = (_FOR_AGENCY, StaffUser) if isinstance(tenant, Agency) else (_FOR_LEGAL_PERSON, User)
    is_write = request.method not in _READS and not request.path.endswith("/.search")
    storage = MemberStorage(parts, tenant, client_id, model=model, is_write=is_write)
    asked = ScimRequest(request.method, base_url, request.path, request.query, request.headers, request.body)
    try:
        response = ScimHandler(service, storage).handle(asked)
    except DatabaseFailure:
        raise
    except Exception as error:  # noqa: BLE001 - the library knows how each is answered, and _Service logs the unforeseen
        response = service.error_response(error)
    body = b"" if response.body is None else orjson.dumps(response.body)
    return SCIMAnswer(int(response.status), body, tuple(response.headers.items()))
