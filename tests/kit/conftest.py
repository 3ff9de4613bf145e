"""A provider that signs real tokens, a relying party against it, and a site of each framework that really answers."""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import django
import pytest
import rp_kit.django
from django.conf import settings as django_settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from flask import Flask
from rp_kit import AAL3, Configuration, MemorySessions, RelyingParty, SQLiteSessions
from rp_kit.flask import SignIn
from rp_kit.sessions import SessionStore

from tests.kit.provider import CLIENT_ID, CLIENT_SECRET, Provider, ProviderServer
from tests.kit.visitor import Visitor
from tests.support.serving import LiveServer, WSGIApplication


class MovableTime:
    """The machine's time, and how far it was moved."""

    def __init__(self) -> None:
        self.moved = 0.0

    def __call__(self) -> float:
        return time.time() + self.moved


@pytest.fixture
def now() -> MovableTime:
    return MovableTime()


@pytest.fixture(scope="session")
def _provider_server() -> Iterator[ProviderServer]:
    server = ProviderServer()
    yield server
    server.stop()


@pytest.fixture
def provider(_provider_server: ProviderServer, now: MovableTime) -> Provider:
    _provider_server.provider = Provider(now, _provider_server.issuer)
    return _provider_server.provider


class _Site:
    """A server that stays while the application behind it changes from test to test."""

    def __init__(self) -> None:
        self.application: WSGIApplication | None = None
        self.server = LiveServer(self._serve)
        self.origin = f"http://localhost:{self.server.port}"

    def _serve(self, *arguments) -> Iterable[bytes]:
        assert self.application is not None
        return self.application(*arguments)


@pytest.fixture(scope="session")
def kit_site() -> Iterator[_Site]:
    site = _Site()
    yield site
    site.server.stop()


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path) -> Iterator[SessionStore]:
    if request.param == "memory":
        yield MemorySessions()
    else:
        sessions = SQLiteSessions(tmp_path / "folder" / "sessions.sqlite3")
        yield sessions
        sessions.close()


@pytest.fixture
def configure(provider: Provider, kit_site: _Site) -> Callable[..., Configuration]:
    def make(**changes) -> Configuration:
        given: dict[str, Any] = {
            "issuer": provider.issuer,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "origin": kit_site.origin,
            "http_timeout_seconds": 2,
        }
        return Configuration(**(given | changes))

    return make


@pytest.fixture
def party(configure: Callable[..., Configuration], now: MovableTime) -> RelyingParty:
    return RelyingParty(configure(), MemorySessions(), now)


@pytest.fixture(params=["flask", "django"])
def make_site(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[[RelyingParty], WSGIApplication]:
    """Make a site of each framework: / and /token, /records (signed in), /seal (aal3), /fresh (five minutes)."""
    make = {"flask": _flask_site, "django": _django_site}[request.param]
    return lambda party: make(party, monkeypatch)


@pytest.fixture
def visitor(
    make_site: Callable[[RelyingParty], WSGIApplication],
    configure: Callable[..., Configuration],
    now: MovableTime,
    kit_site: _Site,
) -> Visitor:
    """A browser on a site of each framework."""
    kit_site.application = make_site(RelyingParty(configure(), MemorySessions(), now))
    return Visitor(kit_site.origin)


@pytest.fixture
def framed_visitor(
    make_site: Callable[[RelyingParty], WSGIApplication],
    configure: Callable[..., Configuration],
    now: MovableTime,
    kit_site: _Site,
) -> Visitor:
    """A browser on a site of each framework that shows the kit's notices within a template of its own."""
    kit_site.application = make_site(RelyingParty(configure(notice_template="notice.html"), MemorySessions(), now))
    return Visitor(kit_site.origin)


def _flask_site(party: RelyingParty, _: pytest.MonkeyPatch) -> WSGIApplication:
    app = Flask(__name__)
    sign_in = SignIn(app, relying_party=party)

    def page() -> str:
        person = sign_in.person
        return f"signed in as {person.name} {person.sub}" if person else "signed out"

    def token() -> str:
        return sign_in.access_token() or "no token"

    app.add_url_rule("/", "home", page)
    app.add_url_rule("/token", "token", token)
    app.add_url_rule("/records", "records", sign_in.required()(page), methods=["GET", "POST"])
    app.add_url_rule("/seal", "seal", sign_in.required(acr=AAL3)(page))
    app.add_url_rule("/fresh", "fresh", sign_in.required(max_age=300)(page))
    return app


class _Routes:
    """A Django URL configuration, which may be any object."""

    def __init__(self) -> None:
        required = rp_kit.django.required
        self.urlpatterns = [
            path("", include("rp_kit.django")),
            path("", self._page),
            path("token", self._token),
            path("records", required()(self._page)),
            path("seal", required(acr=AAL3)(self._page)),
            path("fresh", required(max_age=300)(self._page)),
        ]

    @staticmethod
    def _page(request: HttpRequest) -> HttpResponse:
        person = request.person
        return HttpResponse(f"signed in as {person.name} {person.sub}" if person else "signed out")

    @staticmethod
    def _token(request: HttpRequest) -> HttpResponse:
        return HttpResponse(rp_kit.django.access_token(request) or "no token")


def _django_site(party: RelyingParty, monkeypatch: pytest.MonkeyPatch) -> WSGIApplication:
    if not django_settings.configured:
        django_settings.configure(
            ALLOWED_HOSTS=["*"],
            MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware", "rp_kit.django.SignInMiddleware"],
            SECRET_KEY="for tests",
            TEMPLATES=[
                {
                    "BACKEND": "django.template.backends.django.DjangoTemplates",
                    "DIRS": [Path(__file__).parent / "templates"],
                    "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
                }
            ],
            USE_TZ=True,
        )
        django.setup()
    monkeypatch.setattr(django_settings, "ROOT_URLCONF", _Routes(), raising=False)
    monkeypatch.setattr(django_settings, "RP_KIT", party, raising=False)
    rp_kit.django.relying_party.cache_clear()
    django.urls.clear_url_caches()
    application: WSGIApplication = get_wsgi_application()
    return application
