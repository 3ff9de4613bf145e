"""The surface for machines that run this service: is the process alive, is the node ready, what are the numbers.

The public addresses answer one word. Details and metrics answer on ``IDP_OPS_BIND`` only (rule O4), from the
supervising process.
"""

from flask import Blueprint

from idp.web.ops.views import audit_checkpoint, healthz, readyz

ops = Blueprint("ops", __name__)
ops.add_url_rule("/healthz", "healthz", healthz, methods=["GET"])
ops.add_url_rule("/.well-known/audit-checkpoint", "audit_checkpoint", audit_checkpoint, methods=["GET"])
ops.add_url_rule("/readyz", "readyz", readyz, methods=["GET"])
