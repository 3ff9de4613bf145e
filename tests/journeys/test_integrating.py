"""docs/integrating.md, word by word: its registration is applied, its site is run, and people sign in and out of it."""

import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import ROOT
from tests.support.serving import BackgroundProcess, free_port

PAGE = (ROOT / "docs" / "integrating.md").read_text(encoding="utf-8")
WITHIN_SECONDS = 2


def block(language: str) -> str:
    """Return the only block of a language on the page."""
    (text,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return text


@pytest.fixture
def origin(idp_server, idp_command, issuer: str, tmp_path: Path) -> Iterator[str]:
    """Where the site of the page answers, registered by its file, with the secret that the command showed."""
    origin = f"http://localhost:{free_port()}"
    (tmp_path / "health.toml").write_text(block("toml"), encoding="utf-8")
    (tmp_path / "health.py").write_text(block("python"), encoding="utf-8")
    applied = idp_command.run("client", "apply", str(tmp_path / "health.toml"), "--set", f"ORIGIN={origin}")
    assert applied.returncode == 0, applied.stderr
    secret = re.search(r"client_secret: (\S+)", applied.stdout)
    assert secret, applied.stdout
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IDP_")} | {
        "ISSUER": issuer,
        "CLIENT_ID": "health",
        "CLIENT_SECRET": secret[1],
        "SESSION_KEY": "any-long-text",
        "PYTHONPATH": str(tmp_path),
    }
    arguments = [sys.executable, "-m", "flask", "--app", "health", "run", "--port", origin.rsplit(":", 1)[1]]
    site, worker = BackgroundProcess(arguments, environment, tmp_path), idp_command.start("worker")
    try:
        idp_server.wait_until_answering(f"{issuer}/readyz")
        site.wait_until_answering(f"{origin}/")
        yield origin
    finally:
        site.stop()
        worker.stop()


def test_the_site_of_the_page_signs_people_in_and_out(origin, page, issuer, account_factory, enter, idp_command):
    person = account_factory(kind="citizen")
    page.goto(origin)
    page.click("#sign-in")
    page.wait_for_url(f"{issuer}/**")
    enter(page, person)
    page.click("#consent-allow")
    expect(page.locator("#name")).to_have_text(person.name)

    page.click("#sign-out")
    expect(page.locator("#sign-in")).to_be_visible()
    page.click("#sign-in")
    page.wait_for_url(f"{issuer}/**")
    enter(page, person)
    expect(page.locator("#name")).to_have_text(person.name)

    ended = idp_command.run("session", "revoke", "--account", person.username, "--reason", "test")
    since = time.monotonic()
    assert ended.returncode == 0, ended.stderr
    while not page.locator("#sign-in").is_visible():
        assert time.monotonic() - since < WITHIN_SECONDS, "the site was not told within two seconds"
        page.reload()
