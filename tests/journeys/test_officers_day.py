"""The day of the three officers in Chromium: a site is let in by two of them, used, given a new secret; a stolen
session is found and ended; the record proves all of it to somebody who has only a file, and a forged file is caught.

Provider, console, worker and site are processes; each officer and each device has a browser of its own.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from idp.staff.powers import Power
from tests.journeys.conftest import CLIENTS, start_site
from tests.staff.conftest import new_officer
from tests.support.chromium import PHONE, violations
from tests.support.serving import BackgroundProcess, IDPCommand, free_port

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["new_officer"]

WITHIN_SECONDS = 2
SEALED_WITHIN_SECONDS = 30
NOT_PROVEN = 3
STOLEN = "reported as stolen, case C-31"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile Safari/604.1"


@pytest.fixture
def console() -> str:
    """The console's own origin."""
    return f"http://localhost:{free_port()}"


@pytest.fixture
def witness(tmp_path: Path) -> Path:
    """Where somebody else keeps our checkpoints."""
    return tmp_path / "witness.txt"


@pytest.fixture
def setting_changes(console: str, witness: Path) -> dict[str, str]:
    return {
        "IDP_CONSOLE_ORIGIN": console,
        "IDP_OFFICER_ACR": "urn:idp:acr:aal2",
        "IDP_AUDIT_WITNESS": str(witness),
    }


@pytest.fixture
def running(idp_server: BackgroundProcess, idp_command: IDPCommand, console: str) -> Iterator[None]:  # noqa: ARG001
    """Provider, worker and console, answering."""
    worker = idp_command.start("worker")
    bind = f"127.0.0.1:{console.rsplit(':', 1)[1]}"
    serving = idp_command.start("serve", "--surface", "console", "--bind", bind, "--workers", "1")
    try:
        serving.wait_until_answering(f"{console}/healthz")
        yield
    finally:
        serving.stop()
        worker.stop()


@pytest.fixture
def at_console(
    running: None,  # noqa: ARG001
    browser_context: Callable[..., Any],
    new_officer: Callable[..., Any],
    enter: Callable[..., None],
    console: str,
) -> Callable[..., "Page"]:
    """Make an officer and return their browser, signed in to the console."""

    def make(power: Power, locale: str) -> "Page":
        page: Page = browser_context(locale=locale).new_page()
        page.goto(f"{console}/console")
        enter(page, new_officer(power))
        page.wait_for_url(f"{console}/console")
        return page

    return make


@dataclass
class TaxSite:
    """The site of the tax bureau, which is not registered yet."""

    origin: str
    issuer: str
    folder: Path

    @property
    def registration(self) -> str:
        """The reviewed file, without a secret: the register makes that."""
        text = (CLIENTS / "registrations" / "tax.toml").read_text(encoding="utf-8").replace("${ORIGIN}", self.origin)
        return "\n".join(line for line in text.splitlines() if not line.startswith(("#", "client_secret")))

    @contextmanager
    def with_secret(self, secret: str) -> Iterator[None]:
        """Let the site answer, with this secret in its configuration."""
        port = int(self.origin.rsplit(":", 1)[1])
        _, process = start_site("tax", self.issuer, self.folder, port=port, secret=secret)
        try:
            process.wait_until_answering(f"{self.origin}/")
            yield
        finally:
            process.stop()


@pytest.fixture
def site(issuer: str, tmp_path: Path) -> TaxSite:
    return TaxSite(f"http://localhost:{free_port()}", issuer, tmp_path)


def menu(page: "Page", path: str) -> None:
    """Go to a section as officers do."""
    page.click(f"nav.menu a[href='{path}']")
    page.wait_for_url(f"**{path}")
    assert violations(page) == []


def give_reason(page: "Page", reason: str) -> None:
    """Fill in the reason that every dangerous page wants, and send it."""
    assert violations(page) == []
    page.fill("[name=reason]", reason)
    page.click("main form[method=post] button[type=submit]")
    page.wait_for_load_state()


def propose(page: "Page", site: TaxSite) -> None:
    menu(page, "/console/clients")
    page.get_by_role("link", name="Register a service").click()
    page.fill("[name=registration]", site.registration)
    give_reason(page, "asked for by the tax bureau")
    page.wait_for_url("**/console/clients/tax")
    expect(page.locator("main")).to_contain_text("0 of 1 approvals")


def approve(page: "Page", site: TaxSite) -> str:
    """Look at what waits and approve it; return the request's address."""
    menu(page, "/console/requests")
    page.get_by_role("link", name="发布服务版本").click()
    expect(page.locator("main")).to_contain_text(f"{site.origin}/callback")
    assert violations(page) == []
    page.click("button[name=answer][value=approve]")
    page.wait_for_load_state()
    expect(page.locator("button[name=answer]")).to_have_count(0)
    return page.url


def new_secret(page: "Page", reason: str) -> str:
    """Have the register make a secret for the site; it is shown this once."""
    menu(page, "/console/clients")
    page.get_by_role("link", name="Tax Online").click()
    page.get_by_role("link", name="Make a new secret").click()
    give_reason(page, reason)
    return page.inner_text("#client-secret")


def sign_in(page: "Page", site: TaxSite, person: Any, enter: Callable[..., None]) -> None:
    """Sign in at the site, agreeing to what it reads when asked."""
    page.goto(site.origin)
    page.click("#sign-in")
    page.wait_for_url(f"{site.issuer}/**")
    enter(page, person)
    page.wait_for_load_state()
    if page.locator("#consent-allow").count():
        page.click("#consent-allow")
    page.wait_for_url(f"{site.origin}/**")
    expect(page.locator("#signed-in")).to_be_visible()


def end_stolen_session(page: "Page", person: Any) -> str:
    """Find the computer among the sessions of the person and end that one everywhere; return the session's id."""
    menu(page, "/console/sessions")
    page.fill("[name=account]", person.username)
    page.select_option("[name=client]", "tax")
    page.select_option("[name=age]", "1h")
    page.click("main form[method=get] button[type=submit]")
    page.wait_for_url("**account=**")
    assert violations(page) == []
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(2)
    page.locator("tbody tr", has_text="Linux").locator("a").first.click()
    page.wait_for_load_state()
    give_reason(page, STOLEN)
    return page.url.rsplit("/", 1)[1]


def shows_in_time(page: "Page", selector: str) -> None:
    """Load the page again until it shows something; fail when that takes longer than a site may take."""
    since = time.monotonic()
    while not page.locator(selector).first.is_visible():
        assert time.monotonic() - since < WITHIN_SECONDS, f"{page.url} does not show {selector} in time"
        page.reload()


def copy_of_events(page: "Page", session_id: str, folder: Path) -> list[dict[str, Any]]:
    """Take the copy that the console gives to auditors, of what happened to the one session."""
    menu(page, "/console/events")
    page.select_option("[name=action]", "console.acted")
    page.click("main form[method=get] button[type=submit]")
    page.wait_for_url("**action=console.acted**")
    page.click("main a[href^='/console/events/export']")
    page.check("[name=form][value=jsonl]")
    assert violations(page) == []
    page.fill("[name=reason]", "inquiry into case C-31")
    with page.expect_download() as download:
        page.click("main form[method=post] button[type=submit]")
    copy = folder / download.value.suggested_filename
    download.value.save_as(copy)
    events = [json.loads(line) for line in copy.read_text(encoding="utf-8").splitlines()]
    return [event for event in events if event["session_id"] == session_id]


def sealed_export(command: IDPCommand, folder: Path, action: str) -> tuple[Path, str]:
    """Export the record once its seal covers an event of this kind; return the file and the time of the export."""
    end = time.monotonic() + SEALED_WITHIN_SECONDS
    while True:
        exported = command.run("audit", "export", "--sealed")
        assert exported.returncode == 0, exported.stderr
        if f'"action":"{action}"' in exported.stdout:
            break
        assert time.monotonic() < end, "the worker seals nothing"
        time.sleep(0.5)
    file = folder / "record.jsonl"
    file.write_text(exported.stdout, encoding="utf-8")
    return file, datetime.now(UTC).isoformat()


class Verifier:
    """Somebody with the file, the witness's checkpoints, and none of our settings."""

    def __init__(self, witness: Path, as_of: str, folder: Path) -> None:
        self._offline = IDPCommand({}, folder)
        self._witness = ("--checkpoint", str(witness), "--as-of", as_of)
        self._forged = folder / "forged.jsonl"

    def says(self, file: Path, *, with_witness: bool = True) -> tuple[int, str]:
        """Return exit status and words."""
        done = self._offline.run("audit", "verify", str(file), *(self._witness if with_witness else ()))
        return done.returncode, done.stdout + done.stderr

    def says_of(self, lines: list[str]) -> tuple[int, str]:
        """Return the same of a record that somebody has tampered with."""
        self._forged.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return self.says(self._forged)


def let_in(administrator: "Page", security: "Page", site: TaxSite, console: str) -> None:
    """Register the site by two officers; neither of them can do the other's part."""
    propose(administrator, site)
    asked = approve(security, site)
    assert administrator.request.get(asked).status == 403
    assert security.request.get(f"{console}/console/new-client").status == 403


def is_proven(verifier: Verifier, record: Path) -> None:
    """The record is whole; and without somebody else's checkpoints, nobody claims to know how it ends."""
    status, said = verifier.says(record)
    assert (status, "proven to its end" in said) == (0, True), said
    status, said = verifier.says(record, with_witness=False)
    assert (status, "tail not proven" in said) == (NOT_PROVEN, True), said


def forgeries_are_named(verifier: Verifier, record: Path, event_id: str) -> None:
    """Whoever changes the reason of an event afterwards, or takes its line out, is caught, and the line is named."""
    lines = record.read_text(encoding="utf-8").splitlines()
    (place,) = [number for number, line in enumerate(lines) if json.loads(line).get("id") == event_id]
    before, line, after = lines[:place], lines[place], lines[place + 1 :]
    leaf = json.loads(line)["leaf_index"]
    assert STOLEN in line
    for forged, finding in (([line.replace(STOLEN, "the owner asked")], "changed"), ([], "removed")):
        status, said = verifier.says_of([*before, *forged, *after])
        assert status == 1, said
        assert f"{finding}: leaf {leaf}" in said
        assert event_id in said or not forged


@pytest.mark.timeout(240)
@pytest.mark.usefixtures("running")
def test_three_officers_let_a_site_in_end_a_stolen_session_and_prove_it_from_a_file(
    at_console: Callable[..., "Page"],
    browser_context: Callable[..., Any],
    account_factory: Any,
    enter: Callable[..., None],
    site: TaxSite,
    console: str,
    idp_command: IDPCommand,
    witness: Path,
    tmp_path: Path,
) -> None:
    """A1, A5, A8: no officer does it alone, and no officer rewrites it afterwards."""
    administrator = at_console(Power.SYSTEM, "en-GB")
    security = at_console(Power.SECURITY, "zh-CN")
    auditor = at_console(Power.AUDIT, "en-GB")
    let_in(administrator, security, site, console)
    first = new_secret(administrator, "the site goes live")

    # A citizen uses it, on a phone; somebody who knows the password does so too, on a computer.
    person = account_factory(kind="citizen")
    phone, thief = browser_context(**PHONE, user_agent=IPHONE).new_page(), browser_context().new_page()
    with site.with_secret(first):
        sign_in(phone, site, person, enter)
        second = new_secret(administrator, "yearly rotation")
        sign_in(thief, site, person, enter)  # The older secret is accepted until the site has the new one.
    with site.with_secret(second):
        sign_in(browser_context().new_page(), site, account_factory(kind="citizen"), enter)

        # The stolen session is found and ended, and the site is told; the owner's goes on.
        thief.goto(site.origin)
        expect(thief.locator("#signed-in")).to_be_visible()
        session_id = end_stolen_session(security, person)
        shows_in_time(thief, "#signed-out")
        shows_in_time(security, "tbody tr:has-text('税务局网上办税'):has-text('已确认')")
        phone.goto(site.origin)
        expect(phone.locator("#signed-in")).to_be_visible()
    thief.goto(f"{site.issuer}/account")
    expect(thief.locator("[name=password]")).to_be_visible()

    # The auditor has it in writing, the record proves it, and a forged record is caught.
    (act,) = copy_of_events(auditor, session_id, tmp_path)
    assert act["reason"] == STOLEN
    record, as_of = sealed_export(idp_command, tmp_path, "audit.exported")
    verifier = Verifier(witness, as_of, tmp_path)
    is_proven(verifier, record)
    forgeries_are_named(verifier, record, act["id"])
