"""The block list at the console: adding, finding, lifting; two officers for what is wide; nobody locked out."""

import pytest

from idp.blocks.values import EntryFilter
from idp.staff.powers import Power

NETWORK = "203.0.113.0/24"


@pytest.fixture
def add():
    def submit(browser, value=NETWORK, **changed):
        browser.get("/console/blocks/new")
        fields = {"effect": "block", "kind": "network", "value": value, "hours": "24", "reason": "attack of tonight"}
        return browser.submit(**(fields | changed))

    return submit


def test_an_officer_blocks_a_network_and_another_lifts_it(at_console, services, add):
    page = add(at_console())
    assert page.path == "/console/blocks"
    assert NETWORK in page.text
    (entry,) = services.blocks.page(EntryFilter())
    assert services.blocks.stopping("203.0.113.7", None) == entry
    browser = at_console()
    browser.get("/console/blocks")
    browser.follow_link("Lift")
    assert browser.submit(reason="x").status == 400
    page = browser.submit(reason="it was an office")
    assert NETWORK not in page.text
    assert services.blocks.stopping("203.0.113.7", None) is None
    assert browser.get(f"/console/blocks/{entry.id}/lift").status == 404
    page = browser.get("/console/blocks", state="over")
    assert "it was an office" in page.text


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"value": "203.0.113.7/24"}, "value"),
        ({"value": ""}, "value"),
        ({"kind": "operator"}, "value"),
        ({"kind": "nothing"}, "kind"),
        ({"effect": "nothing"}, "effect"),
        ({"hours": "0"}, "hours"),
        ({"hours": "999999"}, "hours"),
        ({"reason": "x"}, "reason"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_listed(at_console, services, add, changed, field):
    page = add(at_console(), **changed)
    assert (page.status, page.has(f"{field}-problem")) == (400, True)
    assert services.blocks.page(EntryFilter()) == []


def test_what_is_typed_is_shown_as_text(at_console, add):
    page = add(at_console(), value="<script>alert(1)</script>")
    assert "<script>alert" not in page.source


def test_a_wide_network_leads_to_a_request_that_says_what_it_is(at_console, services, add):
    page = add(at_console(), "0.0.0.0/0")
    assert page.path.startswith("/console/requests/")
    assert services.blocks.page(EntryFilter()) == []
    approver = at_console()
    page = approver.get(page.path)
    for words in ("0.0.0.0/0", "Add to the block list", "Block", "24"):
        assert words in page.text
    approver.submit("approve")
    assert [entry.value for entry in services.blocks.page(EntryFilter())] == ["0.0.0.0/0"]


def test_nobody_is_locked_out_of_the_console(sign_in, new_officer, services, new_browser, clock):
    """Whatever is blocked: every network, every operator, and the very device."""
    officer, other = new_officer(), new_officer()
    browser = sign_in(officer)
    device = services.devices.of_account(officer.account_id)[0]
    for kind, value in (("network", "0.0.0.0/0"), ("network", "::/0"), ("device", str(device.id))):
        draft = services.block_changes.draft("block", kind, value, 1)
        services.blocks.add(draft, actor="system", reason="attack of tonight")
    clock.advance(30)
    browser.get("/console/break-glass")
    browser.forget_cookies()
    browser.get("/console")
    assert browser.sign_in(officer.username, officer.password, officer.code(clock)).path == "/console"
    assert sign_in(other).page.path == "/console"
    outside = new_browser()
    outside.get("/login")
    assert outside.sign_in(other.username, other.password).status == 403


def test_entries_are_found_by_an_address_a_domain_and_a_number_read_out(at_console, services, add):
    browser = at_console()
    add(browser)
    add(browser, "198.51.100.0/24")
    add(browser, "throwaway.example", kind="mail_domain")
    entry = next(one for one in services.blocks.page(EntryFilter()) if one.value == NETWORK)
    for about, found in (
        ("203.0.113.200", NETWORK),
        ("::ffff:203.0.113.200", NETWORK),
        (f"{entry.code[:4]} {entry.code[4:].lower()}", NETWORK),
        ("mail.throwaway.example", "throwaway.example"),
        ("192.0.2.1", None),
    ):
        text = browser.get("/console/blocks", about=about).text
        for value in (NETWORK, "198.51.100.0/24", "throwaway.example"):
            assert (f"Lift {value}" in text) is (value == found), (about, value)
    assert "Lift throwaway.example" in browser.get("/console/blocks", kind="mail_domain").text
    assert "Lift throwaway.example" not in browser.get("/console/blocks", kind="network").text
    assert browser.get("/console/blocks", kind="nothing").status == 400
    assert browser.get("/console/blocks", about="somebody@throwaway.example").status == 400


def test_a_long_list_is_read_page_by_page(at_console, services):
    for number in range(60):
        draft = services.block_changes.draft("block", "network", f"203.0.113.{number}", 1)
        services.blocks.add(draft, actor="system", reason="attack of tonight")
    browser = at_console()
    first = browser.get("/console/blocks")
    assert "Lift 203.0.113.59/32" in first.text
    assert "Lift 203.0.113.9/32" not in first.text
    assert "Lift 203.0.113.9/32" in browser.follow_link("Older").text


def test_events_hunts_and_accounts_lead_to_the_form_with_the_value_filled_in(
    at_console, services, account_factory, new_browser
):
    people = [account_factory() for _ in range(2)]
    for person in people:
        browser = new_browser(network="203.0.113.7")
        browser.get("/login")
        browser.sign_in(person.username, person.password)
    officer = at_console()
    officer.get("/console/hunts", least="2")
    assert f'value="{NETWORK}"' in officer.follow_link("Block this network 203.0.113.0/24").source
    officer.get("/console/events", network="203.0.113.7")
    assert f'value="{NETWORK}"' in officer.follow_link("Block this network 203.0.113.0/24").source
    officer.get(f"/console/accounts/{people[0].account_id}")
    device = services.devices.of_account(people[0].account_id)[0]
    page = officer.follow_link(f"Block this device {device.id}")
    assert f'value="{device.id}"' in page.source
    officer.submit(hours="1", reason="stolen telephone")
    assert [(one.kind, one.value) for one in services.blocks.page(EntryFilter())] == [("device", str(device.id))]
    live = officer.follow_link("Live sessions")
    assert people[0].username in live.text
    assert people[1].username not in live.text
    session = next(href for href, _ in live.document.links if href.startswith("/console/sessions/0"))
    for link in ("Block this network", "Block this device"):
        officer.get(session)
        assert officer.follow_link(link).path == "/console/blocks/new"


def test_auditors_read_what_was_blocked_in_the_events_but_block_nothing(at_console, add):
    add(at_console())
    auditor = at_console(Power.AUDIT)
    auditor.get("/console/events", action="block.added")
    assert "Block this network" not in auditor.page.text
    event = next(href for href, _ in auditor.page.document.links if href.startswith("/console/events/0"))
    assert NETWORK in auditor.get(event).text
    assert auditor.get("/console/blocks").status == 403
    assert auditor.get("/console/blocks/new").status == 403


@pytest.mark.parametrize("path", ["/console/blocks/new", "/console/blocks/0190a0b0-0000-7000-8000-00000000000a/lift"])
def test_changing_the_list_wants_a_fresh_sign_in(at_console, clock, path):
    browser = at_console()
    assert browser.get("/console/blocks").status == 200
    clock.advance(301)
    assert browser.get("/console/blocks").status == 200
    assert browser.get(path).path == "/login"


@pytest.mark.parametrize(
    ("value", "leads_to"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("203.0.0.0/16", "203.0.0.0/16"),
        ("2001:db8::7", "2001:db8::/48"),
        ("203.0.0.0/17", None),
        ("2001:db8::/32", None),
    ],
)
def test_the_list_of_live_sessions_says_which_network_it_is_of(at_console, add, value, leads_to):
    """Sessions are kept with a /24 or a /48: who ends those from one address has to see that the neighbours' go too."""
    browser = at_console()
    page = add(browser, value)
    links = [href for href, _ in page.document.links if href.startswith("/console/sessions?")]
    assert len(links) == (leads_to is not None)
    for href in links:
        page = browser.get(href)
        assert page.status == 200
        assert leads_to in page.text
