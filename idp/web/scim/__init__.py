"""The SCIM service (RFC 7644 §2 and §3): the access token says whose members a client keeps; errors have SCIM's
form.
"""

from idp.web.scim.views import scim

__all__ = ["scim"]
