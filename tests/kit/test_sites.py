"""The three department sites as they are served: their pages in both languages, signing in and out."""

import os
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from rp_kit import Configuration

from tests.kit.provider import CLIENT_SECRET, Provider, ProviderServer
from tests.kit.visitor import Visitor
from tests.support.serving import ROOT, BackgroundProcess, free_port

pytestmark = pytest.mark.server

CLIENTS = ROOT / "clients"
SITES = ("tax", "welfare", "enterprise")
_MARKED = re.compile(r"# sign-in: begin\n(.*?)# sign-in: end", re.DOTALL)


@pytest.fixture(scope="module")
def origins(_provider_server: ProviderServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Every site under the server that `make run` uses."""
    folder = tmp_path_factory.mktemp("sites")
    ports = {name: free_port() for name in SITES}
    programs = {name: _start(name, port, _provider_server.issuer, folder) for name, port in ports.items()}
    for name, program in programs.items():
        program.wait_until_answering(f"http://localhost:{ports[name]}/")
    yield {name: f"http://localhost:{port}" for name, port in ports.items()}
    for program in programs.values():
        program.stop()


def _start(name: str, port: int, issuer: str, folder: Path) -> BackgroundProcess:
    environment = os.environ | {
        "ISSUER": issuer,
        "CLIENT_SECRET": CLIENT_SECRET,
        "ORIGIN": f"http://localhost:{port}",
        "SESSION_FILE": str(folder / f"{name}.sqlite3"),
        "PYTHONPATH": f"{CLIENTS}{os.pathsep}{CLIENTS / 'kit'}",
    }
    options = f"-m granian --interface wsgi --port {port} --workers 1 --blocking-threads 4 --no-ws {name}.app:app"
    return BackgroundProcess([sys.executable, *options.split()], environment, folder)


@pytest.mark.parametrize("name", SITES)
def test_person_signs_in_and_is_signed_out_from_elsewhere(
    provider: Provider, origins: dict[str, str], name: str
) -> None:
    provider.client_id = name
    provider.id_token = {"sid": f"session at {name}"}
    provider.userinfo |= {
        "organization": {"code": "91110101MA00000192", "name": "示例科技有限公司", "role": "agent"},
        "address": {"formatted": "北京市东城区示例街1号"},
    }
    visitor = Visitor(origins[name])
    page = visitor.get("/").text
    assert ('id="signed-out"' in page, 'id="sign-in"' in page, 'id="sign-out"' in page) == (True, True, False)
    assert visitor.sign_in(provider).location == "/"
    page = visitor.get("/").text
    assert ('id="signed-in"' in page, 'id="sign-in"' in page, 'id="sign-out"' in page) == (True, False, True)
    assert '<code id="sub">pairwise-subject</code>' in page
    released = {"tax": "+8613800138000", "welfare": "北京市东城区示例街1号", "enterprise": "示例科技有限公司"}
    assert all((text in page) == (site == name) for site, text in released.items())
    token = provider.logout_token(sid=f"session at {name}")
    assert visitor.elsewhere().post("/backchannel-logout", {"logout_token": token}).status == 200
    assert 'id="signed-out"' in visitor.get("/").text


def test_sites_on_one_host_do_not_disturb_each_other(provider: Provider, origins: dict[str, str]) -> None:
    """Cookies ignore ports, so a browser sends each site the cookies of all."""
    browser: dict[str, str] = {}
    for name in SITES:
        visitor = Visitor(origins[name])
        visitor.cookies = browser
        provider.client_id = name
        provider.id_token = {"sid": f"another session at {name}"}
        visitor.sign_in(provider)
    assert sorted(browser) == ["enterprise_session", "tax_session", "welfare_session"]
    visitor = Visitor(origins["welfare"])
    visitor.cookies = browser
    visitor.post("/logout")
    assert sorted(browser) == ["enterprise_session", "tax_session"]


@pytest.mark.parametrize(
    ("name", "path"), [("tax", "/returns"), ("welfare", "/benefits"), ("enterprise", "/annual-report")]
)
def test_service_behind_the_sign_in_is_reached(
    provider: Provider, origins: dict[str, str], name: str, path: str
) -> None:
    provider.client_id = name
    provider.id_token = {"sid": f"a third session at {name}"}
    visitor = Visitor(origins[name])
    assert visitor.sign_in(provider, f"{path}?lang=en").location == f"{path}?lang=en"
    assert 'id="signed-in"' in visitor.get(path).text


@pytest.mark.parametrize("name", SITES)
def test_pages_speak_both_languages_and_load_nothing_foreign(origins: dict[str, str], name: str) -> None:
    visitor = Visitor(origins[name])
    for path in ("/", "/privacy"):
        chinese, english = visitor.get(f"{path}?lang=zh"), visitor.get(f"{path}?lang=en")
        assert '<html lang="zh-Hans">' in chinese.text
        assert '<html lang="en">' in english.text
        assert "Sign in" in english.text
        for answer in (chinese, english):
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
            assert "width=device-width" in answer.text
            assert not re.search(r"(src|href)=\"(https?:)?//", answer.text)
            assert "<script" not in answer.text
    assert visitor.get("/static/site.css").headers["Content-Type"].startswith("text/css")


@pytest.mark.parametrize("name", SITES)
def test_language_of_the_browser_is_followed_until_one_is_chosen_and_the_choice_is_remembered_and_handed_on(
    origins: dict[str, str], name: str
) -> None:
    visitor = Visitor(origins[name])
    visitor.accept_language = "fr,en-GB;q=0.8,zh-CN;q=0.5"
    assert '<html lang="en">' in visitor.get("/").text
    assert "ui_locales" not in visitor.get("/login").location
    assert '<html lang="zh-Hans">' in visitor.get("/?lang=zh").text
    assert '<html lang="zh-Hans">' in visitor.get("/privacy").text
    assert "ui_locales=zh-Hans" in visitor.get("/login").location
    shown = visitor.get("/")
    assert {"Accept-Language", "Cookie"} <= {field.strip() for field in shown.headers["Vary"].split(",")}


@pytest.mark.parametrize(
    ("name", "title"), [("tax", "Tax Online"), ("welfare", "Welfare"), ("enterprise", "Enterprise")]
)
@pytest.mark.parametrize(
    ("lang", "said", "kept_quiet"),
    [("zh", "您没有登录", "You are not signed in"), ("en", "You are not signed in", "您没有登录")],
)
def test_notice_is_a_page_of_the_site_in_the_chosen_language(
    provider: Provider, origins: dict[str, str], name: str, title: str, lang: str, said: str, kept_quiet: str
) -> None:
    provider.client_id = name
    visitor = Visitor(origins[name])
    visitor.get(f"/?lang={lang}")
    shown = visitor.sign_in(provider, error="access_denied")
    assert shown.status == 403
    assert f"<h1>{said}</h1>" in shown.text
    assert kept_quiet not in shown.text
    assert (title in shown.text) == (lang == "en")
    assert all(part in shown.text for part in ('href="/static/site.css"', 'id="sign-in"', 'class="reference"'))
    assert shown.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    assert shown.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", SITES)
def test_site_needs_at_most_ten_lines_of_its_own_to_sign_people_in(name: str) -> None:
    source = "\n".join(file.read_text() for file in sorted((CLIENTS / name).glob("*.py")))
    marked = "\n".join(_MARKED.findall(source))
    lines = [line for line in marked.splitlines() if line.strip()]
    guards = re.findall(r"^@.*required\(", source, re.MULTILINE)
    assert 0 < len(lines) + len(guards) <= 10
    unmarked = _MARKED.sub("", source)
    assert "rp_kit" not in unmarked


@pytest.mark.parametrize("name", SITES)
def test_registration_names_the_addresses_the_kit_answers_at(name: str) -> None:
    text = (CLIENTS / "registrations" / f"{name}.toml").read_text(encoding="utf-8")
    registration = tomllib.loads(text.replace("${ORIGIN}", "https://site.example"))
    configuration = Configuration(
        issuer="https://idp.example",
        client_id=registration["client_id"],
        client_secret="s",
        origin="https://site.example",
        scope=registration["scope"],
    )
    assert registration["client_id"] == name
    assert registration["redirect_uris"] == [configuration.redirect_uri]
    assert registration["post_logout_redirect_uris"] == [configuration.post_logout_redirect_uri]
    assert registration["backchannel_logout_uri"] == f"{configuration.origin}/backchannel-logout"
    assert registration["id_token_signed_response_alg"] == configuration.id_token_algorithm
    assert registration["client_secret"] == "${CLIENT_SECRET}"


def test_departments_are_separate_sectors() -> None:
    files = [CLIENTS / "registrations" / f"{name}.toml" for name in SITES]
    policies = [tomllib.loads(file.read_text(encoding="utf-8"))["policy"] for file in files]
    assert len({policy["sector"] for policy in policies}) == 3
    assert [policy["account_kinds"] for policy in policies] == [["citizen", "enterprise"], ["citizen"], ["enterprise"]]
