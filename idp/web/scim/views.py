"""From HTTP to provisioning and back. A client acts with a token of its own that has the scope ``scim``; its
registration names the tenant (``policy.scim_tenant``), never the request.
"""

from typing import Final

import orjson
from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from idp.foundation.database import DatabaseFailure
from idp.foundation.errors import ProtocolError
from idp.foundation.logging import get_logger
from idp.protocol.endpoints.bearer import Refusal
from idp.protocol.messages import Request
from idp.provisioning.service import ROOT, error_answer
from idp.provisioning.values import SCIMAnswer, SCIMRequest
from idp.registry.errors import RegistryUnavailable
from idp.web.protocol.client_certificate import certificate_of
from idp.web.shared.guards import public
from idp.web.shared.services import services

SCOPE: Final = "scim"
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_log = get_logger(__name__)

scim = Blueprint("scim", __name__, url_prefix=ROOT)


@scim.route("/", defaults={"path": ""}, methods=_METHODS, strict_slashes=False)
@scim.route("/<path:path>", methods=_METHODS)
@public
def serve(path: str) -> Response:
    """Answer any SCIM request."""
    nonce: tuple[tuple[str, str], ...] = ()
    try:
        call = _call()
        nonce = services().protocol.nonce_header(call)
        answer = _answer(call, path)
    except RequestEntityTooLarge:
        answer = error_answer(413, "The request is too large.")
    except ProtocolError as error:
        answer = error_answer(error.http_status, error.description)
    except (DatabaseFailure, RegistryUnavailable):
        _log.exception("scim_unavailable")
        answer = error_answer(503, "The service cannot answer now. Try again shortly.", (("Retry-After", "2"),))
    return _response(answer, nonce)


def _call() -> Request:
    """Return what the token and its proof are examined with."""
    proof = request.headers.get("DPoP")
    return Request(
        request.method,
        {},
        authorization=request.headers.get("Authorization", ""),
        headers={} if proof is None else {"dpop": proof},
        path=request.path,
        certificate=certificate_of(request.environ, services().settings),
    )


def _answer(call: Request, path: str) -> SCIMAnswer:
    caller = services().protocol.caller(call, SCOPE)
    if isinstance(caller, Refusal):
        return _refusal(caller)
    if caller.scim_tenant is None:
        return error_answer(403, "The registration of this client names no tenant.")
    return services().provisioning.answer(
        SCIMRequest(request.method, f"/{path}", request.args.to_dict(), dict(request.headers), request.get_data()),
        tenant=caller.scim_tenant,
        client_id=caller.client_id,
    )


def _refusal(refusal: Refusal) -> SCIMAnswer:
    said = (
        orjson.loads(refusal.answer.body)["error_description"] if refusal.answer.body else "An access token is missing."
    )
    kept = tuple(header for header in refusal.answer.headers if header[0] != "Content-Type")
    return error_answer(refusal.answer.status, said, kept)


def _response(answer: SCIMAnswer, nonce: tuple[tuple[str, str], ...]) -> Response:
    response = Response(answer.body, answer.status)
    del response.headers["Content-Type"]
    response.headers["Cache-Control"] = "no-store"
    for name, value in (*answer.headers, *nonce):
        if name != "Cache-Control":
            response.headers.add(name, value)
    return response
