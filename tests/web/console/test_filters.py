"""No part of an address that chooses counts for nothing in silence: the list, and what is ended by it, would be wider
than whoever wrote the address believes.
"""

import pytest
from sqlalchemy import func, select

from idp.interventions.models import MassEnding
from idp.staff.powers import Power

LISTS = {
    "/console/accounts": Power.SECURITY,
    "/console/sessions": Power.SECURITY,
    "/console/sessions/end": Power.SECURITY,
    "/console/grants": Power.SECURITY,
    "/console/grants/end": Power.SECURITY,
    "/console/events": Power.SECURITY,
    "/console/events/export": Power.AUDIT,
    "/console/blocks": Power.SECURITY,
    "/console/requests": Power.SECURITY,
    "/console/clients": Power.SYSTEM,
    "/console/messages": Power.SYSTEM,
    "/console/deliveries": Power.SYSTEM,
}
FILTER = {"/console/accounts": "agency", "/console/blocks": "about", "/console/requests": "kind"} | {
    "/console/clients": "text",
    "/console/messages": "state",
}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("%00tax", "one that no text has"),
        ("t" * 201, "longer than 200 characters"),
        ("tax&{name}=welfare", "twice"),
        ("tax&place=198.51.100.7", "no filter of the name “place”"),
    ],
)
def test_a_filter_that_would_be_dropped_is_refused_in_words(at_console, value, words):
    officers = {power: at_console(power) for power in set(LISTS.values())}
    for path, power in LISTS.items():
        name = FILTER.get(path, "client")
        page = officers[power].get(f"{path}?{name}={value.format(name=name)}")
        assert (page.status, words in page.text) == (400, True), path
        assert "Nothing was listed" in page.text


def test_what_would_be_ended_is_never_wider_than_the_address(at_console, services):
    """A network that cannot be read must not leave the service alone as the choice."""
    browser = at_console()
    token = dict(browser.get("/console").form(fields=["csrf_token"]).successful(None))["csrf_token"]
    for address in ("client=tax&network=%00", "client=tax&client=welfare", "client=tax&place=198.51.100.7"):
        for path in ("/console/sessions/end", "/console/grants/end"):
            page = browser.post(f"{path}?{address}", {"csrf_token": token, "reason": "stolen laptops"})
            assert page.status == 400
    with services.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(MassEnding)) == 0


@pytest.mark.parametrize("beside", ["lang=en", "size=l", "before=00000000-0000-7000-8000-000000000000"])
def test_how_a_page_is_shown_is_no_filter(at_console, beside):
    assert at_console().get(f"/console/sessions?client=tax&{beside}").status == 200
