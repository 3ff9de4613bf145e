"""The surfaces people sign in to, each with an origin and cookies of its own (rule O4): the provider, and the console
of its staff.
"""

from dataclasses import dataclass

from idp.accounts.kinds import KINDS_BY_NAME
from idp.foundation.settings import Settings
from idp.sessions.values import CONSOLE, PROVIDER


@dataclass(frozen=True, slots=True)
class Surface:
    """A surface. ``home`` is where a sign-in leads that nothing else asked for; only ``account_kinds`` may sign in.

    Cookies ignore ports, so that each surface has a prefix of its own even on one host. Over https it begins with
    ``__Host-``, which no sibling site can set (ASVS 3.3.1).
    """

    name: str
    origin: str
    home: str
    cookie_prefix: str
    account_kinds: tuple[str, ...] = ()

    def cookie(self, name: str) -> str:
        """Return the name of one of its cookies, as the browser knows it."""
        return f"{self.cookie_prefix}{name}"


def provider_surface(settings: Settings) -> Surface:
    """Return what citizens and departments see."""
    return Surface(PROVIDER, settings.issuer, "/account", _prefix("idp_", settings))


def console_surface(settings: Settings) -> Surface:
    """Return what staff see."""
    kinds = (KINDS_BY_NAME["staff"].name,)
    return Surface(CONSOLE, settings.console_origin, "/console", _prefix("idp_console_", settings), kinds)


def _prefix(name: str, settings: Settings) -> str:
    return f"__Host-{name}" if settings.is_https else name
