"""The applications: Flask with its blueprints, wrapped in the WSGI front. ``wsgi.py`` and the tests create them here.

The provider and the console of its staff are two applications with an origin, cookies and sessions of their own (rule
O4) on the same services.
"""

from typing import Any

from flask import Blueprint, Flask, Request
from flask.sessions import SessionInterface, SessionMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine

from idp.foundation.database import Base
from idp.foundation.errors import ConfigurationError
from idp.foundation.settings import Settings
from idp.foundation.time_limits import TimeLimits
from idp.web.brands import brands
from idp.web.consent import consent
from idp.web.console import console
from idp.web.console.refusals import error_frame
from idp.web.device import device
from idp.web.errors import ErrorFrame, register_errors
from idp.web.home import home
from idp.web.logout import logout
from idp.web.my_account import my_account
from idp.web.ops import ops
from idp.web.protocol import protocol
from idp.web.protocol.front import Front
from idp.web.scim import scim
from idp.web.shared.services import EXTENSION
from idp.web.shared.setup import init_shared
from idp.web.shared.surfaces import Surface, console_surface, provider_surface
from idp.web.sign_in import sign_in
from idp.wiring import Services, build_services

BLUEPRINTS = (home, protocol, sign_in, consent, brands, device, logout, my_account, scim, ops)
CONSOLE_BLUEPRINTS = (sign_in, logout, console, ops)


class NoFlaskSession(SessionInterface):
    """Flask's own session is not used: sessions are rows, and their cookies are ours."""

    def open_session(self, app: Flask, request: Request) -> SessionMixin | None:  # noqa: ARG002
        return None

    def save_session(self, app: Flask, session: SessionMixin, response: Any) -> None:  # noqa: ANN401
        """Save nothing."""


class Application(Flask):
    """Flask without a voice of its own: what goes wrong is told by ``idp.web.errors``, as one JSON object a line."""

    def log_exception(self, exc_info: object) -> None:
        """Say nothing."""


class RequestSessions(SQLAlchemy):
    """Flask-SQLAlchemy on our own engine and metadata: request-scoped ORM sessions for the pages that list and
    administer.
    """

    def __init__(self, engine: Engine) -> None:
        self._shared_engine = engine
        super().__init__(model_class=Base, disable_autonaming=True)

    def _make_engine(self, bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:  # noqa: ARG002
        return self._shared_engine


def create_app(settings: Settings, services: Services | None = None) -> Flask:
    """Return the provider; ``wsgi_app`` is the front, so that machines are answered before Flask."""
    return _build(settings, services, provider_surface(settings), BLUEPRINTS)


def create_console(settings: Settings, services: Services | None = None) -> Flask:
    """Return the console of the staff. Raises ConfigurationError without an origin for it."""
    if not settings.console_origin:
        raise ConfigurationError("IDP_CONSOLE_ORIGIN is empty: say at which origin of its own the console answers")
    return _build(settings, services, console_surface(settings), CONSOLE_BLUEPRINTS, error_frame)


def _build(
    settings: Settings,
    services: Services | None,
    surface: Surface,
    blueprints: tuple[Blueprint, ...],
    frame: ErrorFrame | None = None,
) -> Flask:
    built = services or build_services(settings, limits=TimeLimits(settings.database_statement_seconds))
    app = Application("idp", static_folder=None, template_folder=None)
    app.session_interface = NoFlaskSession()
    app.extensions[EXTENSION] = built
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    RequestSessions(built.database.engine).init_app(app)
    init_shared(app, settings, built.keyring.mac, built.translator, built.entropy, built.clock, surface=surface)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    register_errors(app, frame)
    app.wsgi_app = Front(built, app.wsgi_app, surface)  # type: ignore[method-assign] # Flask documents this way to wrap it
    return app
