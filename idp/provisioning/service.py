"""SCIM requests and answers as plain values (RFC 7644 §3): whoever serves HTTP knows nothing of the library behind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from scim2_models import Error, InvalidFilterException, ResourceType, SearchRequest
from scim2_server.handler import ScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import SCIM_MEDIA_TYPE, ScimResponse
from scim2_server.service import ScimService

from idp.foundation.database import DatabaseFailure
from idp.foundation.logging import get_logger
from idp.provisioning.filters import LONGEST_FILTER
from idp.provisioning.members import Parts
from idp.provisioning.schema import AGENCY, LEGAL_PERSON, StaffUser, User
from idp.provisioning.storage import MemberStorage
from idp.provisioning.tenants import Agency, tenant_of

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SCIMRequest:
    """A request below the root of the service; ``path`` begins with a slash."""

    method: str
    path: str
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class SCIMAnswer:
    """An answer: status, body bytes and headers."""

    status: int
    body: bytes = field(repr=False)
    headers: tuple[tuple[str, str], ...]


class _Service(ScimService):
    """The library's protocol with our bounds, and a line in our log for what nobody foresaw."""

    def read_search(self, resource_types: list[ResourceType], payload: Any) -> tuple[SearchRequest[Any], Any]:  # noqa: ANN401
        asked = payload.get("filter") if isinstance(payload, dict) else None
        if isinstance(asked, str) and len(asked) > LONGEST_FILTER:
            raise InvalidFilterException(detail=f"A filter has at most {LONGEST_FILTER} characters.")
        search, position = super().read_search(resource_types, payload)
        search.start_index = min(search.start_index or 1, _LAST_INDEX)
        return search, position

    def error_of(self, exception: Exception) -> Error:  # type: ignore[override] # a static method has no need of self
        error = ScimService.error_of(exception)
        if error.status == _FAILED:
            _log.error("provisioning_failed", exc_info=exception)
        return error


_FAILED: Final = 500
_LAST_INDEX: Final = 2**31
_FOR_AGENCY: Final = _Service(AGENCY)
_FOR_LEGAL_PERSON: Final = _Service(LEGAL_PERSON)


class Provisioning:
    """The SCIM service of every tenant."""

    def __init__(self, parts: Parts, *, issuer: str, environment: str) -> None:
        self._parts = parts
        self._base_url = issuer + ROOT
        self._environment = environment

    def answer(self, request: SCIMRequest, *, tenant: str, client_id: str) -> SCIMAnswer:
        """Answer a request of the client that keeps a tenant's members. Whatever happens, in SCIM's own form."""
        whose = tenant_of(tenant, environment=self._environment)
        service, model = (_FOR_AGENCY, StaffUser) if isinstance(whose, Agency) else (_FOR_LEGAL_PERSON, User)
        is_write = request.method not in {"GET", "HEAD"} and not request.path.endswith("/.search")
        storage = MemberStorage(self._parts, whose, client_id, model=model, is_write=is_write)
        asked = ScimRequest(
            request.method, self._base_url, request.path, request.query, dict(request.headers), request.body
        )
        try:
            response = ScimHandler(service, storage).handle(asked)
        except DatabaseFailure:
            raise
        except Exception as error:  # noqa: BLE001 - the library says how each is answered; the unforeseen is logged there
            response = service.error_response(error)
        return _answer(response)


ROOT: Final = "/scim/v2"


def error_answer(status: int, detail: str, headers: tuple[tuple[str, str], ...] = ()) -> SCIMAnswer:
    """Return a refusal in SCIM's form (RFC 7644 §3.12)."""
    body = orjson.dumps(Error(status=status, detail=detail).model_dump())
    return SCIMAnswer(status, body, (("Content-Type", SCIM_MEDIA_TYPE), *headers))


def _answer(response: ScimResponse) -> SCIMAnswer:
    body = b"" if response.body is None else orjson.dumps(response.body)
    return SCIMAnswer(int(response.status), body, tuple(response.headers.items()))
