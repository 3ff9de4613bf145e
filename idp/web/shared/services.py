"""How a view reaches the services of its application."""

from typing import cast

from flask import current_app

from idp.wiring import Services

EXTENSION = "idp_services"


def services() -> Services:
    """Return the services that the application was created with."""
    return cast("Services", current_app.extensions[EXTENSION])
