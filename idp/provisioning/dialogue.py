"""One request, answered by scim2-server over a tenant's members (RFC 7644 §3), with our bounds."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from scim2_models import Context, Error, InvalidFilterException, InvalidPathException, ResourceType, SearchRequest
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
_MOST_OF_PATHS: Final = 8000
_PATHS: Final = frozenset({"path", "attributes", "excludedattributes", "sortby"})
_log = get_logger(__name__)


class _Service(ScimService):
    """The library's protocol with our bounds, and a line in our log for what nobody foresaw."""

    def read_body(self, model: type[Any], body: bytes, content_type: str | None, scim_ctx: Context) -> Any:  # noqa: ANN401 - an instance of the model
        _bound_paths(body)
        return super().read_body(model, body, content_type, scim_ctx)

    def decode_body(self, body: bytes, content_type: str | None) -> Any:  # noqa: ANN401 - any JSON value
        _bound_paths(body)
        return super().decode_body(body, content_type)

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


def _bound_paths(body: bytes) -> None:
    """Refuse a body with more paths than fit into a bound: the library reads them at 50 characters a millisecond,
    those that are keys of a value too.
    """
    try:
        left = [orjson.loads(body)]
    except orjson.JSONDecodeError:
        # Told by the library, in the words of the specification.
        return
    size = 0
    while left:
        value = left.pop()
        if isinstance(value, dict):
            left += value.values()
            size += _size_of_paths(value)
        elif isinstance(value, list):
            left += value
    _check_size(size)


def _size_of_paths(members: Mapping[str, Any]) -> int:
    said = [value for name, value in members.items() if name.casefold() in _PATHS]
    texts = [text for value in said for text in (value if isinstance(value, list) else [value])]
    return sum(len(text) for text in (*texts, *(name for name in members if "[" in name)) if isinstance(text, str))


def _check_size(size: int) -> None:
    if size > _MOST_OF_PATHS:
        raise InvalidPathException(detail=f"The paths of one request have at most {_MOST_OF_PATHS} characters in all.")


_FOR_AGENCY: Final = _Service(AGENCY)
_FOR_LEGAL_PERSON: Final = _Service(LEGAL_PERSON)


def respond(request: SCIMRequest, base_url: str, parts: Parts, tenant: Tenant, client_id: str) -> SCIMAnswer:
    """Answer a request. Raises DatabaseFailure; whatever else happens is told in SCIM's own form."""
    service, model = (_FOR_AGENCY, StaffUser) if isinstance(tenant, Agency) else (_FOR_LEGAL_PERSON, User)
    is_write = request.method not in _READS and not request.path.endswith("/.search")
    storage = MemberStorage(parts, tenant, client_id, model=model, is_write=is_write)
    asked = ScimRequest(request.method, base_url, request.path, request.query, request.headers, request.body)
    try:
        _check_size(_size_of_paths(request.query))
        response = ScimHandler(service, storage).handle(asked)
    except DatabaseFailure:
        raise
    except Exception as error:  # noqa: BLE001 - the library knows how each is answered, and _Service logs the unforeseen
        response = service.error_response(error)
    body = b"" if response.body is None else orjson.dumps(response.body)
    return SCIMAnswer(int(response.status), body, tuple(response.headers.items()))
