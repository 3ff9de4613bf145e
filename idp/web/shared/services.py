"""How a view reaches the services of its application."""

from typing import cast

from idp.web.shared.state import present_app
from idp.wiring import Services

EXTENSION = "idp_services"


def services() -> Services:
    """Return the services that the application was created with."""
    return cast("Services", present_app().extensions[EXTENSION])
