"""The rules in force, as this node was started, and which of them this deployment chose."""

import re

import pytest

from idp.foundation.settings import Settings
from idp.foundation.translation import Translator
from idp.staff.powers import Power

PATH = "/console/policies"


@pytest.fixture
def setting_changes():
    return {
        "IDP_CONSOLE_ORIGIN": "http://localhost:8004",
        "IDP_OFFICER_ACR": "urn:idp:acr:aal2",
        "IDP_SESSION_IDLE_SECONDS": "5400",
        "IDP_DPOP_NONCE_REQUIRED": "true",
    }


def row(page, setting):
    """Return what the table says of a setting, in words."""
    (found,) = (line for line in page.source.split("<tr>") if f"<code>{setting}</code>" in line)
    return found


@pytest.mark.parametrize("power", [Power.SYSTEM, Power.SECURITY, Power.AUDIT])
def test_each_of_the_three_administrators_sees_what_was_chosen_beside_its_default(at_console, power):
    page = at_console(power).get(PATH)
    chosen, usual = row(page, "IDP_SESSION_IDLE_SECONDS"), row(page, "IDP_STAFF_SESSION_IDLE_SECONDS")
    assert "90 minutes" in chosen
    assert "Default: 1 hour" in chosen
    assert "15 minutes" in usual
    assert "Chosen here" not in usual
    assert "Default: no" in row(page, "IDP_DPOP_NONCE_REQUIRED")
    assert "19,456" in row(page, "IDP_PASSWORD_MEMORY_KIB")


def test_the_help_desk_does_not(at_console):
    assert at_console(Power.HELP_DESK).get(PATH).status == 403


def test_no_secret_and_no_address_is_among_them(at_console):
    """They are numbers, yes or no, and one choice; so a listed setting cannot give away a password in an address."""
    listed = re.findall(r"<code>IDP_(\w+)</code>", at_console().get(PATH).source)
    assert len(set(listed)) == len(listed) > 20
    kinds = {name: type(Settings.model_fields[name.lower()].default) for name in listed}
    assert {name for name, kind in kinds.items() if kind not in {int, bool}} == {"OFFICER_ACR"}


@pytest.mark.unit
@pytest.mark.parametrize(
    ("seconds", "chinese", "english"),
    [
        (7_776_000, "90天", "90 days"),
        (5_400, "90分钟", "90 minutes"),
        (3_600, "1小时", "1 hour"),
        (61, "61秒钟", "61 seconds"),
    ],
)
def test_a_span_is_said_exactly_in_the_largest_unit_that_needs_no_fraction(seconds, chinese, english):
    assert Translator().span("zh-Hans", seconds) == chinese
    assert Translator().span("en", seconds) == english
