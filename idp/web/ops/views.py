"""The public answers: one word each, because everybody may ask (rule O4)."""

from http import HTTPStatus

from flask import Response, jsonify

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


def _unstored(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
