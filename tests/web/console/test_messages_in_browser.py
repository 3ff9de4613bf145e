"""Messages, alert rules and the tasks of the overview in Chromium: axe, both languages, a narrow phone, no script."""

from datetime import timedelta

import pytest

from idp.factors.assurance import VerifiedFactor
from idp.foundation.masked import Masked
from idp.foundation.outbox import MOST_ATTEMPTS
from idp.notices.values import CREDENTIAL_EXPIRING, DELIVERIES_GIVEN_UP, HUNT_ALERT, Letter, Recipient, Template
from idp.sessions.values import Browser
from idp.staff.powers import Power
from tests.support.chromium import screenshot, violations

NARROW = {"viewport": {"width": 320, "height": 700}}
WIDE = {"viewport": {"width": 1280, "height": 900}}


@pytest.fixture
def setting_changes(setting_changes, tmp_path):
    return setting_changes | {"IDP_SMTP_URL": f"file://{tmp_path}/letters"}


@pytest.fixture
def things(services, clock, entropy, account_factory, officer, registration_factory):
    """A service whose secret ends, notices in every state, rules and what one of them found."""
    registration_factory("tax")
    services.registry.rotate_secret("tax", actor="system")

    def write(template: Template, address: str, **details: str | int) -> str:
        letter = Letter(Recipient(Masked(address), "en"), details)
        services.notices.send(template, [letter], client_id="tax" if template is CREDENTIAL_EXPIRING else None)
        return services.outbox.waiting_lanes()[-1]

    lane = write(HUNT_ALERT, "full@example.gov.cn")
    for _ in range(MOST_ATTEMPTS):
        clock.advance(hours=2)
        services.outbox.settle(services.outbox.claim(lane), "mail.example.gov.cn:587 refused the recipient (550)")
    lane = write(DELIVERIES_GIVEN_UP, "auditor@example.gov.cn", receiver="tax", count=3)
    clock.advance(seconds=2)
    services.outbox.settle(services.outbox.claim(lane), None)
    lane = write(CREDENTIAL_EXPIRING, "desk@tax.example.gov.cn")
    services.outbox.settle(services.outbox.claim(lane), "mail.example.gov.cn:587 did not answer in time")
    rules, somebody = services.alerting.rules, officer()
    rules.add("crowded_network", timedelta(hours=1), 3, officer=somebody, reason="the usual")
    paused = rules.add("refused_sign_ins", timedelta(hours=6), 200, officer=somebody, reason="the usual")
    rules.switch(paused, officer=somebody, reason="maintenance")
    for _ in range(3):
        proved = [VerifiedFactor("password", clock.now())]
        services.sessions.open(account_factory().account_id, proved, entropy.uuid7(), Browser("203.0.113.0/24"))
    services.alerting.watch.evaluate_rules()
    return paused


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_pages_are_accessible_in_both_languages_and_on_a_narrow_phone(
    things, at_console, console_app, serve_site, browser_context, services, locale, size
):
    server = serve_site(console_app)
    (dead,) = [one for one in services.notices.page(_any(), before=None, after=None, size=9) if one.state == "dead"]
    for power, paths in {
        Power.SYSTEM: ("/console", "/console/messages", f"/console/messages/{dead.id}/retry"),
        Power.SECURITY: (
            "/console",
            "/console/hunts",
            "/console/hunts/rules/new",
            f"/console/hunts/rules/{things}/remove",
        ),
    }.items():
        cookie = {"name": "idp_console_session", "value": at_console(power).cookie("idp_console_session")}
        context = browser_context(locale=locale, java_script_enabled=True, **size)
        context.add_cookies([cookie | {"url": server.url}])
        page = context.new_page()
        for path in paths:
            page.goto(f"{server.url}{path}")
            assert page.url.endswith(path)
            name = path.removeprefix("/console").strip("/").split("/")
            words = "-".join(part for part in name if len(part) < 30)
            screenshot(page, f"notices-{power.value}-{words}-{locale[:2]}-{size['viewport']['width']}")
            assert violations(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= size["viewport"]["width"]


def _any():
    from idp.notices.values import MessageFilter

    return MessageFilter()
