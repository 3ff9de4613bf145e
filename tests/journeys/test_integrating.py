"""docs/integrating.md, word by word: its registration is applied, its site is run, and people sign in and out of it."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import ROOT

PAGE = (ROOT / "docs" / "integrating.md").read_text(encoding="utf-8")
WITHIN_SECONDS = 2


def block(language: str) -> str:
    """Return the only block of a language on the page."""
    (text,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return text


@pytest.fixture
def origin(idp_server, idp_command, issuer: str, tmp_path: Path, run_site) -> Iterator[str]:
    """Where the site of the page answers."""
    (tmp_path / "health.py").write_text(block("python"), encoding="utf-8")
    worker = idp_command.start("worker")
    try:
        idp_server.wait_until_answering(f"{issuer}/readyz")
        flask = ["-m", "flask", "--app", "health", "run", "--port", "{port}"]
        yield run_site(block("toml"), flask, SESSION_KEY="any-long-text")
    finally:
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
