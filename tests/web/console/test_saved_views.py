"""Filters that an officer keeps under a name, and the page where their power ends."""

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from sqlalchemy import select

from idp.staff.models import SavedViewRow
from idp.staff.powers import Power

LISTS = {
    "/console/sessions": (Power.SECURITY, {"method": "totp", "state": "all"}),
    "/console/events": (Power.AUDIT, {"action": "session.opened", "hide": "console.refused"}),
    "/console/accounts": (Power.HELP_DESK, {"state": "locked", "factor": "totp"}),
    "/console/clients": (Power.SYSTEM, {"state": "active", "expiring": "30d"}),
}


def tokens(page):
    """Return the hidden fields of the form that saves views."""
    return {name: value for name, value in page.form(fields=["view"]).successful(None) if name != "view"}


def stored(services):
    with services.database.read() as connection:
        return connection.execute(select(SavedViewRow.section, SavedViewRow.name, SavedViewRow.filters)).all()


@pytest.mark.parametrize("path", LISTS)
def test_a_view_is_saved_listed_opened_by_its_link_and_deleted(at_console, services, path):
    power, given = LISTS[path]
    browser = at_console(power)
    page = browser.get(path, **given)
    assert page.status == 200
    page = browser.submit(view="Mine to watch")
    assert page.status == 200
    assert page.path == path
    (row,) = stored(services)
    assert (row.section, row.name, row.filters) == (path.rpartition("/")[2], "Mine to watch", given)
    browser.get(path)
    opened = browser.follow_link("Mine to watch")
    assert dict(parse_qsl(urlsplit(opened.url).query)) == given
    browser.get(path)
    browser.submit("forget")
    assert stored(services) == []


def test_a_name_saved_again_stands_for_the_new_filters(at_console, services):
    browser = at_console()
    for method in ("totp", "password"):
        browser.get("/console/sessions", method=method)
        browser.submit(view="one")
    assert [row.filters for row in stored(services)] == [{"method": "password"}]


@pytest.mark.parametrize("name", ["", "x" * 61, "two\nlines"])
def test_a_name_that_will_not_do_comes_back_with_words(at_console, services, name):
    browser = at_console()
    browser.get("/console/sessions", method="totp")
    page = browser.submit(view=name)
    assert page.status == 400
    assert "at most 60 characters" in page.text
    assert stored(services) == []


def test_views_belong_to_who_saved_them(at_console, services):
    owner, other = at_console(), at_console()
    owner.get("/console/sessions", method="totp")
    owner.submit(view="mine")
    with services.database.read() as connection:
        view_id = connection.scalar(select(SavedViewRow.id))
    page = other.get("/console/sessions", method="totp")
    assert "mine" not in page.text
    assert other.post("/console/sessions", {**tokens(page), "forget": str(view_id)}).status == 200
    assert len(stored(services)) == 1


@pytest.mark.parametrize(
    "given", [{"method": "nonsense"}, {"network": "' OR 1=1 --"}, {"account": "11010519491231002X"}]
)
def test_filters_that_the_list_refuses_are_not_saved(at_console, services, given):
    browser = at_console()
    browser.get("/console/sessions", method="totp")
    page = browser.post(f"/console/sessions?{urlencode(given)}", {**tokens(browser.page), "view": "bad"})
    assert page.status == 400
    assert stored(services) == []


def test_markup_in_a_name_is_text(at_console):
    browser = at_console()
    browser.get("/console/sessions", method="totp")
    page = browser.submit(view="<script>alert(1)</script>")
    assert "<script>alert" not in page.source
    assert "&lt;script&gt;alert" in page.source


def test_an_officer_has_thirty_views_of_a_list_at_most(officer, services):
    from idp.foundation.errors import UserError

    someone = officer()
    for number in range(30):
        services.saved_views.save(someone, "sessions", f"{number:02}", {"method": "totp"})
    with pytest.raises(UserError):
        services.saved_views.save(someone, "sessions", "one more", {"method": "totp"})
    services.saved_views.save(someone, "sessions", "07", {"method": "password"})
    assert len(services.saved_views.of(someone, "sessions")) == 30


def test_where_a_power_ends_the_menu_stays_and_the_page_says_who_has_the_permission(at_console, services):
    browser = at_console(Power.HELP_DESK)
    page = browser.get("/console/keys")
    assert page.status == 403
    assert "keys.see" in page.text
    assert "System administrator" in page.text
    assert "Auditor" in page.text
    assert "Security officer" not in page.text
    assert 'href="/console/sessions"' in page.source
    assert 'href="/console/keys"' not in page.source
    refused = next(one for one in services.audit.export() if one.action == "console.refused")
    assert refused.detail["permission"] == "keys.see"
    assert browser.follow_link("Sessions").status == 200
