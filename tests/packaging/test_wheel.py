"""The installed package runs outside the tree: it brings templates, migrations and catalogues, and signs people in."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT
from tests.factories import numbers
from tests.factories.accounts import PASSWORD
from tests.support.browser import Browser
from tests.support.relying_party import RelyingParty, claims_of
from tests.support.remote import RemoteApplication
from tests.support.serving import BackgroundProcess, free_port

_SECRET = "a-secret-of-development-only-0123456789"
_REGISTRATION = f"""
client_id = "tax"
client_name = "税务局网上办税"
client_secret = "{_SECRET}"
redirect_uris = ["http://localhost:8001/callback"]
token_endpoint_auth_method = "client_secret_basic"
grant_types = ["authorization_code"]
scope = "openid profile"
subject_type = "pairwise"
[policy]
profile = "standard"
agency = "tax-bureau"
environment = "development"
account_kinds = ["citizen"]
min_acr = "urn:idp:acr:aal1"
consent = "required"
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built without network by the locked build tools."""
    folder = tmp_path_factory.mktemp("wheel")
    _checked(
        sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index", "-w", folder, ROOT
    )
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The `idp` command of an environment that has the wheel and the locked dependencies, and not this tree."""
    folder = tmp_path_factory.mktemp("installed")
    _checked(sys.executable, "-m", "venv", "--without-pip", folder)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    # Named by path, the dependencies come without the .pth files beside them, one of which would lead back to the tree.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    python = folder / "bin" / "python"
    _checked(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel)
    return folder / "bin" / "idp"


def _checked(*command, **options):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(
        [str(part) for part in command],
        check=False,
        cwd="/",
        capture_output=True,
        text=True,
        **({"env": environment | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}} | options),
    )
    assert result.returncode == 0, f"{command}: {result.stdout}\n{result.stderr}"
    return result.stdout


def test_wheel_holds_what_the_code_reads(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "idp/migrations/env.py",
        "idp/templates/",
        "idp/translations/zh_Hans/LC_MESSAGES/messages.po",
        "idp/web/static/",
    ):
        assert any(name.startswith(needed) for name in names), (
            f"{needed} is missing; see force-include in pyproject.toml"
        )


def test_wheel_holds_nothing_else(wheel):
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"idp"}


def test_installed_command_is_not_the_tree(installed):
    where = _checked(installed.parent / "python", "-c", "import idp; print(idp.__file__)")
    assert str(ROOT) not in where
    assert str(installed.parent.parent) in where


@pytest.mark.timeout(300)  # a wheel, an environment and five commands: too much for a busy machine in two minutes
def test_installed_package_signs_a_person_in(installed, tmp_path):
    issuer = f"http://localhost:{free_port()}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("IDP_", "PYTHONPATH"))} | {
        "IDP_ENVIRONMENT": "development",
        "IDP_ISSUER": issuer,
        "IDP_DATABASE_URL": f"sqlite:///{tmp_path / 'idp.db'}",
        "IDP_KEYS_DIR": str(tmp_path / "keys"),
    }

    def idp(*arguments, **options):
        return _checked(installed, *arguments, env=environment, **options)

    idp("db", "upgrade")
    person = ("--kind", "citizen", "--username", "li", "--name", "李明", "--id-number", numbers.id_number())
    idp("account", "create", *person, "--password-stdin", input=PASSWORD)
    (tmp_path / "tax.toml").write_text(_REGISTRATION, encoding="utf-8")
    idp("client", "apply", tmp_path / "tax.toml")

    server = BackgroundProcess(
        [str(installed), "serve", "--bind", f"127.0.0.1:{issuer.rpartition(':')[2]}"], environment, tmp_path
    )
    try:
        server.wait_until_answering(f"{issuer}/.well-known/openid-configuration")
        provider = RemoteApplication(issuer)
        browser = Browser(provider, issuer)
        tax = RelyingParty(provider, issuer, "tax", _SECRET, "http://localhost:8001/callback")
        page = tax.authorize(browser)
        assert page.has("login-submit"), page.text
        page = browser.sign_in("li", PASSWORD)
        assert page.has("consent-allow"), page.text
        page = browser.submit("consent-allow")
        assert page.answer["state"] == tax.state
        assert page.answer["iss"] == issuer
        tokens = tax.redeem(page.answer["code"]).get_json()
        assert claims_of(tokens["id_token"])["nonce"] == tax.nonce
        assert claims_of(tokens["id_token"])["iss"] == issuer
    finally:
        server.stop()
