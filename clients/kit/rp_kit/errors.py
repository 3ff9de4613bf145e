"""What can go wrong between a department site and the provider, as one small tree.

The text of an error is for the site's log: it names the rule that was broken and never holds a token, a code or a
secret. People see the pages of ``rp_kit.pages`` instead.

KitError
├── ConfigurationError    the site was set up wrongly; raised at start
├── ProviderUnreachable   no answer, or one that is no OpenID provider's; try again later
├── TokenRefused          a token failed a check
├── GrantRefused          the token endpoint answered with an OAuth error (RFC 6749 §5.2)
└── LoginRefused          the person comes back without being signed in; ``code`` chooses the page
"""


class KitError(Exception):
    """The root of everything the kit raises on purpose."""


class ConfigurationError(KitError):
    """A setting is missing or wrong."""


class ProviderUnreachable(KitError):
    """The provider did not answer usefully."""


class TokenRefused(KitError):
    """A token failed a check; the text says which."""


class GrantRefused(KitError):
    """The token endpoint refused. ``error`` is its OAuth error code."""

    def __init__(self, error: str, description: str = "") -> None:
        super().__init__(f"{error}: {description}" if description else error)
        self.error = error


class LoginRefused(KitError):
    """A sign-in that ends without a session. ``code`` is an OAuth error code or one of the kit's own."""

    def __init__(self, code: str, detail: str = "", *, return_to: str = "/") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.return_to = return_to
