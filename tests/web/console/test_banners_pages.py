"""Banners at the console: system administrators schedule, change and withdraw, and see which are showing."""

import pytest

from idp.staff.powers import Power

FIELDS = {
    "text_zh": "今晚22点至24点维护，请改用通行密钥。",
    "text_en": "Maintenance from 22:00 to 24:00. Use a passkey.",
    "about": "totp",
    "reason": "maintenance of the clock servers",
}


@pytest.fixture
def times(clock):
    from datetime import timedelta

    from idp.foundation.translation import SHANGHAI

    def between(start, end):
        return {
            name: (clock.now() + timedelta(hours=hours)).astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")
            for name, hours in (("starts", start), ("ends", end))
        }

    return between


def test_a_banner_is_scheduled_changed_and_withdrawn(at_console, times, services, new_browser):
    browser = at_console(Power.SYSTEM)
    browser.get("/console/banners/new")
    page = browser.submit(**FIELDS, **times(-1, 2))
    assert page.path == "/console/banners"
    for words in (FIELDS["text_zh"], FIELDS["text_en"], "Showing", "Authenticator app"):
        assert words in page.text
    assert FIELDS["text_en"] in new_browser(language="en").get("/login").text
    browser.follow_link("Change")
    assert f'value="{times(-1, 2)["ends"]}"' in browser.page.source
    page = browser.submit(text_en="Later than planned.", reason="it takes longer", **times(1, 3))
    assert "Later than planned." in page.text
    assert "Planned" in page.text
    browser.follow_link("Withdraw")
    assert browser.submit(reason="x").status == 400
    page = browser.submit(reason="done early")
    assert "withdrawn" in page.text
    assert "Over" in page.text
    banner = services.banners.page()[0]
    assert browser.get(f"/console/banners/{banner.id}").status == 404


def test_who_has_not_seen_a_change_does_not_write_over_it(at_console, times, services):
    first, second = at_console(Power.SYSTEM), at_console(Power.SYSTEM)
    first.get("/console/banners/new")
    first.submit(**FIELDS, **times(0, 2))
    address = f"/console/banners/{services.banners.page()[0].id}"
    for browser in (first, second):
        browser.get(address)
    first.submit(text_en="The first word.", reason="first")
    page = second.submit(text_en="The second word.", reason="second")
    assert page.status == 400
    assert "changed or withdrawn meanwhile" in page.text
    assert services.banners.page()[0].text_en == "The first word."


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"text_zh": ""}, "text_zh"),
        ({"text_en": ""}, "text_en"),
        ({"about": "weather"}, "about"),
        ({"starts": "soon"}, "starts"),
        ({"ends": ""}, "ends"),
        ({"ends": "2020-01-01T00:00"}, "ends"),
        ({"reason": "x"}, "reason"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(at_console, times, services, changed, field):
    browser = at_console(Power.SYSTEM)
    browser.get("/console/banners/new")
    page = browser.submit(**(FIELDS | times(0, 1) | changed))
    assert (page.status, page.has(f"{field}-problem")) == (400, True)
    assert services.banners.page() == []


def test_all_that_is_wrong_is_said_at_once(at_console):
    browser = at_console(Power.SYSTEM)
    browser.get("/console/banners/new")
    page = browser.submit(**dict.fromkeys(FIELDS, ""), starts="", ends="soon")
    wrong = [name for name in (*FIELDS, "starts", "ends") if page.has(f"{name}-problem")]
    assert sorted(wrong) == sorted({*FIELDS, "starts", "ends"})


@pytest.mark.parametrize("power", [Power.SECURITY, Power.AUDIT, Power.HELP_DESK])
def test_others_announce_nothing(at_console, power):
    browser = at_console(power)
    assert browser.get("/console/banners").status == 403
    assert browser.get("/console/banners/new").status == 403
