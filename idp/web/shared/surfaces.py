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

    Cookies ignore ports, so that each surface has a prefix of its own even on one host.
    """

    name: str
    origin: str
    home: str
    cookie_prefix: str
    account_kinds: tuple[str, ...] = ()

    def cookie(self, name: str) -> str:
        """Return the name of one of its cookies, without what https adds."""
        return f"{self.cookie_prefix}{name}"


def provider_surface(settings: Settings) -> Surface:
    """Return what citizens and departments see."""
    return Surface(PROVIDER, settings.issuer, "/account", "idp_")


def console_surface(settings: Settings) -> Surface:
    """Return what staff see."""
    return Surface(CONSOLE, settings.console_origin, "/console", "idp_console_", (KINDS_BY_NAME["staff"].name,))
