"""The authorization checks, in running order (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.2, RFC 9700 §2.1).

Each is one function in one file; it fills in what it understood or raises ProtocolError. Errors before ``redirect_uri``
has passed are shown on a page, later ones are sent to the client.
"""

from collections.abc import Callable

from idp.protocol.authorization_request import AuthorizationRequest, CheckContext
from idp.protocol.checks.acr import check_acr
from idp.protocol.checks.authorization_details import check_authorization_details
from idp.protocol.checks.claims import check_claims
from idp.protocol.checks.client import check_client
from idp.protocol.checks.dpop_jkt import check_dpop_jkt
from idp.protocol.checks.id_token_hint import check_id_token_hint
from idp.protocol.checks.max_age import check_max_age
from idp.protocol.checks.pkce import check_pkce
from idp.protocol.checks.prompt import check_prompt
from idp.protocol.checks.pushed_request import check_pushed_request
from idp.protocol.checks.redirect_uri import check_redirect_uri
from idp.protocol.checks.request_object import check_request_object
from idp.protocol.checks.resource import check_resource
from idp.protocol.checks.response_mode import check_response_mode
from idp.protocol.checks.response_type import check_response_type
from idp.protocol.checks.scope import check_scope
from idp.protocol.checks.sizes import check_sizes

AuthorizationCheck = Callable[[AuthorizationRequest, CheckContext], None]

AUTHORIZATION_CHECKS: tuple[AuthorizationCheck, ...] = (
    check_client,
    check_pushed_request,
    check_request_object,
    check_redirect_uri,
    check_response_mode,
    check_sizes,
    check_response_type,
    check_scope,
    check_resource,
    check_authorization_details,
    check_pkce,
    check_dpop_jkt,
    check_prompt,
    check_max_age,
    check_claims,
    check_acr,
    check_id_token_hint,
)
