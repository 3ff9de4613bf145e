"""The Django libraries of docs/libraries.md, which nobody here wrote: each site is a new Django project and the blocks
of the page, nothing else.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import ROOT
from tests.journeys.test_integrating import block

PAGE = (ROOT / "docs" / "libraries.md").read_text(encoding="utf-8")
NEW_PROJECT = """
import os
from pathlib import Path

ALLOWED_HOSTS = ["localhost"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(__file__).with_name("people.sqlite3")}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
ROOT_URLCONF = "urls"
SECRET_KEY = "any-long-text-that-only-this-site-knows-and-nobody-else"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [Path(__file__).parent]}]
USE_TZ = True
"""
HOME = """
{% if user.is_authenticated %}
  <p id="name">{{ user.last_name }}{{ user.first_name }}</p><p id="key">{{ key }}</p>
  <form action="OUT" method="post">{% csrf_token %}<button id="sign-out">Sign out</button></form>
{% else %}
  <form action="IN" method="METHOD">{% csrf_token %}<button id="sign-in">Sign in</button></form>
{% endif %}
"""
APPLICATION = """
import os

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

app = get_wsgi_application()
call_command("migrate", verbosity=0)
"""
URLS = """
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import include, path


def home(request):
    return render(request, "home.html", {"user": request.user, "key": key(request.user)})

"""


@dataclass(frozen=True)
class Library:
    """A section of the page, and what the page says in words: the routes, and where people go in and out."""

    section: str
    routes: str
    sign_in: tuple[str, str]
    sign_out: str

    def block(self, language: str, file: str = "") -> str:
        """Return the section's only block of a language, or the one of a file."""
        section = PAGE.split(f"\n## {self.section}\n", 1)[1].split("\n## ", 1)[0]
        introduction = rf"`{re.escape(file)}`[^`]*" if file else ""
        (text,) = re.findall(rf"{introduction}```{language}\n(.*?)```", section, re.DOTALL)
        return text

    def registration(self) -> str:
        """Return the file of docs/integrating.md with the members that the section replaces or adds."""
        lines = [line for line in block("toml").splitlines() if not line.startswith("backchannel_")]
        members = {line.split(" = ")[0]: line for line in self.block("toml").splitlines()}
        lines = [members.pop(line.split(" = ")[0], line) for line in lines]
        return "\n".join([*members.values(), *lines])

    def write(self, folder: Path) -> None:
        """Write the files of the site."""
        method, address = self.sign_in
        home = HOME.replace("OUT", self.sign_out).replace("IN", address).replace("METHOD", method)
        for name, text in {
            "home.html": home,
            "people.py": self.block("python", "people.py"),
            "settings.py": NEW_PROJECT + self.block("python", "settings.py"),
            "site_of_a_department.py": APPLICATION,
            "urls.py": URLS + self.routes,
        }.items():
            (folder / name).write_text(text, encoding="utf-8")


MOZILLA = Library(
    "mozilla-django-oidc",
    """
def key(user):
    return user.username


urlpatterns = [path("", home), path("oidc/", include("mozilla_django_oidc.urls"))]
""",
    ("get", "/oidc/authenticate/"),
    "/oidc/logout/",
)
SOCIAL = Library(
    "python-social-auth with Django",
    """
from people import sign_out
from social_django.utils import load_strategy


def key(user):
    return user.social_auth.get().uid if user.is_authenticated else ""


def renew(request):
    social = request.user.social_auth.get(provider="oidc")
    before = social.extra_data["access_token"]
    social.refresh_token(load_strategy())
    return HttpResponse("renewed" if social.extra_data["access_token"] != before else "the same")


urlpatterns = [
    path("", home),
    path("renew", renew),
    path("sign-out", sign_out),
    path("", include("social_django.urls", namespace="social")),
]
""",
    ("post", "/login/oidc/"),
    "/sign-out",
)


@pytest.fixture
def site_of(idp_server, issuer, tmp_path, run_site):
    """Register a site, and run it: ``site_of(MOZILLA)`` returns where it answers."""

    def start(library):
        library.write(tmp_path)
        idp_server.wait_until_answering(f"{issuer}/readyz")
        options = "--interface wsgi --host 127.0.0.1 --port {port} --workers 1 --no-ws"
        return run_site(library.registration(), ["-m", "granian", *options.split(), "site_of_a_department:app"])

    return start


@pytest.fixture
def sign_in(page, account_factory, enter, issuer):
    """Sign a citizen in at a site, who agrees to what it asks; return them."""

    def sign_in(origin):
        person = account_factory(kind="citizen")
        page.goto(origin)
        page.click("#sign-in")
        page.wait_for_url(f"{issuer}/**")
        enter(page, person)
        page.click("#consent-allow")
        expect(page.locator("#name")).to_have_text(person.name)
        return person

    return sign_in


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("library", [MOZILLA, SOCIAL], ids=["mozilla-django-oidc", "social-auth-app-django"])
def test_people_sign_in_and_out_and_are_known_by_their_sub(library, site_of, sign_in, page, issuer):
    """OIDC-CORE-3.1.3.7, OIDC-RPLOGOUT-2-get-post."""
    origin = site_of(library)
    keys = set()
    for _ in range(2):
        person = sign_in(origin)
        key = page.locator("#key").inner_text()
        assert key not in {"", person.name, person.username}
        keys.add(key)
        if library is SOCIAL:
            assert page.request.get(f"{origin}/renew").text() == "renewed"
        page.click("#sign-out")
        page.wait_for_url(f"{origin}/")
        expect(page.locator("#sign-in")).to_be_visible()
        page.goto(f"{issuer}/account")
        expect(page.locator("[name=password]")).to_be_visible()
    assert len(keys) == 2
