"""The public answers: one word each, because everybody may ask (rule O4), and the checkpoint of the audit record."""

from http import HTTPStatus

from flask import Response, abort, jsonify

from idp.web.shared.guards import public
from idp.web.shared.services import services


@public
def healthz() -> Response:
    """Say that this process answers. Asks nothing of anybody, so that a dead database does not restart every node."""
    return _unstored(jsonify(status="alive"))


@public
def readyz() -> Response:
    """Say whether requests should come here: 503 when this node would answer wrongly, else 200 (ready or degraded)."""
    status = services().signals.readiness().status
    response = _unstored(jsonify(status=status))
    if status == "unready":
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return response


@public
def audit_checkpoint() -> Response:
    """Publish the newest checkpoint of the audit record, so that anybody may keep it and hold us to it (rule A5)."""
    note = services().sealer.newest_checkpoint()
    if note is None:
        abort(HTTPStatus.NOT_FOUND)
    response = Response(str(note), mimetype="text/plain")
    response.headers["Cache-Control"] = "public, max-age=5"
    return response


def _unstored(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
