"""A small application that serves every sample page, so that pages are tried without accounts or a database."""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, abort, request

from idp.foundation.errors import IDPError, UserError
from idp.foundation.logging import RequestContext, request_context
from idp.foundation.settings import Environment, Settings
from idp.foundation.translation import Translator
from idp.web.errors import register_errors
from idp.web.shared.csrf import protect
from idp.web.shared.locale import current_locale, prefer
from idp.web.shared.pages import render
from idp.web.shared.setup import init_shared
from tests.pages.samples import NOW, samples
from tests.support.clock import FrozenClock
from tests.support.entropy import FixedEntropy
from tests.support.serving import WSGIApplication

HTTPS_ISSUER = "https://id.example.gov.cn"
HTTP_ISSUER = "http://localhost:8000"


@dataclass(frozen=True)
class SampleMac:
    kid: str
    digest: bytes


class SampleKeyring:
    """Two keys, as after a rotation; an unknown one raises as the keyring's own does."""

    def __init__(self) -> None:
        self.current = "k1"
        self.known = {"k1", "k2"}

    def mac(self, purpose: str, *parts: bytes, kid: str | None = None) -> SampleMac:
        kid = kid or self.current
        if kid not in self.known:
            raise IDPError
        message = b"\0".join([purpose.encode(), *parts])
        return SampleMac(kid, hmac.digest(kid.encode(), message, hashlib.sha256))


def build_sample_app(
    issuer: str = HTTPS_ISSUER, keyring: SampleKeyring | None = None, environment: Environment = "production"
) -> Flask:
    app = Flask("sample", static_folder=None)
    values = Settings(
        environment="development" if issuer == HTTP_ISSUER else environment,
        issuer=issuer,
        database_url="sqlite://",
        keys_dir=Path("/nonexistent"),
    )
    keyring = keyring or SampleKeyring()
    clock = FrozenClock(NOW)
    init_shared(app, values, keyring.mac, Translator(), FixedEntropy(clock), clock)
    register_errors(app)
    app.wsgi_app = _named(app.wsgi_app)  # type: ignore[method-assign] # Flask documents this way to wrap it
    pages = Blueprint("pages", __name__)
    protect(pages)
    for sample in samples("zh-Hans"):
        pages.add_url_rule(sample.path, f"page{sample.name}", _show, methods=["GET", "POST"])
    pages.add_url_rule("/fails", "fails", _fail)
    pages.add_url_rule("/refuses", "refuses", _refuse)
    pages.add_url_rule("/aborts/<int:code>", "aborts", abort)
    pages.add_url_rule("/machine", "machine", lambda: Response("{}", content_type="application/json"))
    app.register_blueprint(pages)
    return app


def _named(pages: WSGIApplication) -> WSGIApplication:
    """Name the request, and forget the name when it ends, as the front does."""

    def named(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        token = request_context.set(RequestContext(request_id="7F3K92QD"))
        try:
            return pages(environ, start_response)
        finally:
            request_context.reset(token)

    return named


def _show() -> Response:
    prefer(request.args.get("ui_locales", "").split(), request.args.get("account_locale"))
    sample = next(sample for sample in samples(current_locale()) if sample.path == request.path)
    return render(sample.template, sample.status, **sample.context)


def _fail() -> Response:
    raise RuntimeError("the secret cause")


def _refuse() -> Response:
    raise UserError("At most %(most)s characters", most=20)
