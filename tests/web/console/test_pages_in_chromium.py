"""The console's pages as officers see them: axe-core, the content policy, a phone, the keyboard, both languages."""

from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from idp.audit.tallies import OWN_TOKENS, REFUSED_CALL
from idp.banners.values import Draft
from idp.factors.assurance import VerifiedFactor
from idp.foundation.masked import Masked
from idp.foundation.outbox import MOST_ATTEMPTS, NewMessage
from idp.interventions.events import AccountNoted, NoteText
from idp.protocol.events import CallsCounted
from idp.sessions.rating import RiskSign
from idp.sessions.values import Browser as SessionBrowser
from idp.sign_in.events import PasskeyNotAccepted
from idp.staff.granting import GRANT
from idp.staff.powers import Power
from tests.journeys.conftest import enter
from tests.support.chromium import screenshot, violations
from tests.support.serving import free_port

pytestmark = pytest.mark.only_on("sqlite")

HEAD = "network,country,region,latitude,longitude,operator,asn\n"
WUHAN, LISBON = "203.0.113.0/24", "198.51.100.0/24"
LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40"><path d="M0 0h120v40H0z" fill="#1d4b8f"/>'
    '<circle cx="20" cy="20" r="12" fill="#ffffff"/></svg>'
)
LOOKS = {
    "zh-phone": ("zh", 390, "light"),
    "en-desktop": ("en", 1440, "light"),
    "zh-desktop-dark": ("zh", 1440, "dark"),
    "en-narrow": ("en", 320, "light"),
}
PAGES = {
    Power.SYSTEM: (
        "/console/keys",
        "/console/keys/rotate",
        "/console/keys/emergency",
        "/console/clients?state=active",
        "/console/clients/tax/brand",
        "/console/clients/tax/versions/2/preview",
        "/console/staff",
        "/console/initial-tokens",
        "/console/initial-tokens/new",
        "/console/deliveries?client=tax",
        "/console/health",
        "/console/banners",
        "/console/banners/new",
    ),
    Power.SECURITY: (
        "/console",
        "/console/accounts?kind=citizen",
        "/console/sessions?region=Lisbon&state=all",
        "/console/events",
        "/console/hunts",
        "/console/hunts/travels?window=7d",
        "/console/staff",
        "/console/clients?environment=development",
        "/console/requests?kind=staff.grant",
        "/console/clients/welfare",
        "/console/blocks",
        "/console/blocks/new?kind=network&value=203.0.113.0/24",
        "/console/nowhere",
    ),
    Power.AUDIT: ("/console/integrity", "/console/integrity/export"),
}
SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def console():
    return f"http://localhost:{free_port()}"


@pytest.fixture
def setting_changes(console):
    return {"IDP_CONSOLE_ORIGIN": console, "IDP_OFFICER_ACR": "urn:idp:acr:aal2"}


@pytest.fixture
def opened(console_app, console, serve_site, browser_context, new_officer, enter):
    """Sign an officer in to the served console; fails at the end if the browser complained."""
    complaints = []
    serve_site(console_app, int(console.rpartition(":")[2]))

    def sign_in(power):
        page = browser_context(locale="en").new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.goto(f"{console}/console")
        enter(page, new_officer(power))
        page.wait_for_url(f"{console}/console")
        return page

    yield sign_in
    assert [text for text in complaints if "status of 4" not in text] == []


@pytest.fixture
def things_to_see(services, account_factory, registration_factory, clock, entropy, officer):
    registration_factory("tax")
    registration_factory("welfare")
    services.client_changes.stop("welfare", actor="system", reason="drill")
    registration_factory("tax", policy={"theme": {"action": "#1d4b8f"}, "logo": LOGO})
    table = (HEAD, f"{WUHAN},CN,湖北武汉,30.6,114.3,中国电信,4134\n", f"{LISBON},PT,Lisbon,38.7,-9.1,MEO,3243\n")
    services.networks.load(iter(table), "networks.csv", on_bad_line=print)
    power = {"power": "help_desk", "agency": None}
    colleague = str(account_factory(kind="staff").account_id)
    services.changes.request(GRANT, colleague, power, author=officer(Power.SYSTEM), reason="new colleague")
    for effect, kind, value in (
        ("block", "network", WUHAN),
        ("allow", "network", "2001:db8:ffff:ffff::/64"),
        ("block", "mail_domain", "throwaway.example"),
    ):
        draft = services.block_changes.draft(effect, kind, value, 24)
        services.blocks.add(draft, actor="command:root", reason="attack of tonight 今晚的攻击")
    now = clock.now()
    banner = Draft("部分手机收不到，请改用通行密钥。", "It fails on some telephones.", "totp", now, now + timedelta(1))
    services.banners.schedule(banner, actor="command:root", reason="drill")
    person = account_factory()
    device = services.devices.note(None, person.account_id, remember=False)
    for network in (WUHAN, WUHAN, LISBON):
        factors = [VerifiedFactor("password", clock.now())]
        browser = SessionBrowser(network, "Mozilla/5.0 (Windows NT 10.0)", device_id=device.id)
        signs = RiskSign.AFTER_FAILURES | RiskSign.RECOVERY_CODE
        services.sessions.open(person.account_id, factors, entropy.uuid7(), browser, signs=signs)
        clock.advance(minutes=20)
    for means, number in ((("passkey",), 9), (("password", "totp"), 5)):
        for _ in range(number):
            proved = [VerifiedFactor(one, clock.now()) for one in means]
            services.sessions.open(person.account_id, proved, entropy.uuid7(), SessionBrowser(WUHAN, "Mozilla/5.0"))
            clock.advance(minutes=2)
    services.audit.record(*[PasskeyNotAccepted(reason="wrong")] * 2)
    services.audit.record(CallsCounted(client_id="tax", call=REFUSED_CALL, count=1234, minute="now"))
    services.audit.record(CallsCounted(client_id="welfare", call=OWN_TOKENS, count=77, minute="now"))
    services.outbox.enqueue(
        *[NewMessage("backchannel_logout", name, {"client_id": name}) for name in ("tax", "welfare")]
    )
    services.outbox.settle(services.outbox.claim("welfare"), "the site answered 503")
    services.outbox.settle(replace(services.outbox.claim("tax"), attempts=MOST_ATTEMPTS), "the site answered 500")
    for _ in range(2):
        services.sealer.run()
        clock.advance(seconds=11)
    services.travel_judge.run()
    services.site_usages.count()
    # Another table since, and a sign-in that the worker has not looked at.
    clock.advance(minutes=1)
    services.networks.load(iter(table), "networks.csv", on_bad_line=print)
    services.sessions.open(person.account_id, factors, entropy.uuid7(), SessionBrowser(LISBON, "Mozilla/5.0"))
    clock.advance(minutes=2)


def faults(page, address, name):
    """Look at a page in every look; return what axe or a narrow window finds wrong with it, by place and look."""
    found = {}
    for look, (language, width, scheme) in LOOKS.items():
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        page.goto(f"{address}{'&' if '?' in address else '?'}lang={language}")
        screenshot(page, f"{name}.{look}")
        if problems := violations(page) + ["scrolls sideways"] * page.evaluate(SIDEWAYS):
            found[address, look] = problems
    return found


@pytest.mark.timeout(120)
@pytest.mark.usefixtures("things_to_see")
def test_the_period_of_the_charts_is_chosen_by_the_keyboard(opened, console):
    page = opened(Power.SECURITY)
    page.focus("#window")
    page.keyboard.press("End")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{console}/console?window=24h&agency=")
    expect(page.locator("#window")).to_have_value("24h")


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("things_to_see")
@pytest.mark.parametrize("power", PAGES)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(opened, console, power):
    page, found = opened(power), {}
    for path in PAGES[power]:
        found |= faults(page, f"{console}{path}", path.partition("?")[0].strip("/").replace("/", "-"))
    assert not found


@pytest.mark.timeout(180)
def test_what_an_event_changed_stands_side_by_side_on_every_screen(opened, console, services, account_factory):
    account_id = account_factory(kind="staff").account_id
    for number in ("+8613912345678", "+8613999995678"):
        services.accounts.set_contacts(account_id, email="who@example.cn", phone=number, actor="command:root")
    event = services.audit.of_account(account_id)[0]
    page = opened(Power.AUDIT)
    assert not faults(page, f"{console}/console/events/{event.id}", "console-event")
    assert not faults(page, f"{console}/console/events/{event.id}/proof", "console-event-proof")


@pytest.mark.timeout(180)
def test_the_forms_about_one_officer_and_one_token(opened, console, services, new_officer):
    page, found = opened(Power.SECURITY), {}
    person = services.staff.officer(new_officer(Power.AUDIT, email="who@example.cn").account_id).person_id
    token = services.initial_tokens.issue("new-bureau", uses=2, lifetime=timedelta(days=7), actor="command:root")
    for path in (
        f"staff/{person}/email",
        f"staff/{person}/review",
        f"initial-tokens/{token.id}/revoke",
        "initial-tokens",
    ):
        name = f"console-{path.partition('/')[0]}-{path.rpartition('/')[2]}"
        found |= faults(page, f"{console}/console/{path}", name)
    assert not found


@pytest.mark.timeout(180)
def test_a_note_and_the_account_that_it_is_about(opened, console, services, account_factory, officer):
    account = account_factory().account_id
    written = NoteText(text=Masked("case 2026-17: the counter called back"))
    noted = AccountNoted(actor=officer().actor, account_id=account, after=written)
    services.audit.record(noted)
    page, found = opened(Power.SECURITY), {}
    for path in ("", "/note"):
        name = f"console-account{path.replace('/', '-')}"
        found |= faults(page, f"{console}/console/accounts/{account}{path}", name)
    assert not found


@pytest.mark.timeout(120)
def test_a_token_is_made_by_the_keyboard_alone(opened, console, services):
    page = opened(Power.SYSTEM)
    page.goto(f"{console}/console/initial-tokens/new")
    page.focus("#agency")
    page.keyboard.type("new-bureau")
    for key in ("Tab", "Tab", "Tab", "Tab"):
        page.keyboard.press(key)
    page.keyboard.type("they move to us")
    page.keyboard.press("Enter")
    page.wait_for_selector("#initial-access-token")
    assert services.initial_tokens.list()[0].agency == "new-bureau"


@pytest.mark.timeout(120)
def test_a_view_is_saved_and_deleted_by_the_keyboard_alone(opened, console):
    page = opened(Power.SECURITY)
    page.goto(f"{console}/console/sessions?method=totp")
    page.focus("#view")
    page.keyboard.type("codes")
    page.keyboard.press("Enter")
    page.wait_for_selector(".views a")
    page.focus("#view")
    page.keyboard.type("codes, still")
    page.keyboard.press("Enter")
    page.wait_for_selector(".views li:nth-child(2)")
    assert page.locator(".views a").all_inner_texts() == ["codes", "codes, still"], "Enter deletes nothing"
    page.focus(".views button")
    page.keyboard.press("Enter")
    expect(page.locator(".views a")).to_have_text(["codes, still"])


@pytest.mark.timeout(120)
@pytest.mark.usefixtures("things_to_see")
def test_a_preview_has_the_colours_and_the_logo_of_its_version(opened, console):
    page = opened(Power.SECURITY)
    page.goto(f"{console}/console/clients/tax/versions/2/preview")
    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--idp-action')") == "#1d4b8f"
    assert page.evaluate("document.querySelector('img.logo').naturalWidth") > 0
    assert page.locator("img.logo").bounding_box()["height"] == 45


__all__ = ["enter"]
