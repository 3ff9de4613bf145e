"""Banners: from one time to another, changed by whoever has seen what is there, shown from memory."""

from datetime import timedelta

import pytest

from idp.audit.searching import EventFilter
from idp.banners.service import MOST_AHEAD
from idp.banners.values import ABOUT, OVER, PLANNED, SHOWING, Draft
from idp.factors import FACTORS
from idp.foundation.errors import UserError
from tests.support import deployment
from tests.support.racing import together
from tests.support.statements import watched

WHY = {"actor": "system", "reason": "maintenance"}
HOUR = timedelta(hours=1)


@pytest.fixture
def draft(clock):
    def make(text="Codes arrive late.", about="sign_in", starts=timedelta(0), ends=HOUR):
        return Draft("验证码到达较慢。", text, about, clock.now() + starts, clock.now() + ends)

    return make


def shown(services, about=None):
    return [one.text_en for one in services.banners.showing(about)]


def test_a_banner_is_planned_shows_and_is_over_at_its_times(services, draft, clock):
    banner_id = services.banners.schedule(draft(starts=HOUR, ends=2 * HOUR), **WHY)
    seen = []
    for seconds in (0, 3599, 1, 3599, 1):
        clock.advance(seconds)
        seen.append((services.banners.get(banner_id).state(clock.now()), bool(shown(services))))
    assert seen == [(PLANNED, False), (PLANNED, False), (SHOWING, True), (SHOWING, True), (OVER, False)]


def test_showing_asks_the_database_nothing(services, draft):
    services.banners.schedule(draft(), **WHY)
    services.replicas.look()
    with watched(services.database) as seen:
        assert shown(services)
    assert seen.texts == []


def test_a_page_is_told_what_is_about_it_and_what_is_about_signing_in_at_most_three(services, draft):
    for text, about in (("app", "totp"), ("keys", "passkey"), ("all", "sign_in"), ("passwords", "password")):
        services.banners.schedule(draft(text, about), **WHY)
    assert shown(services) == ["all", "app", "keys"]
    assert shown(services, ["passkey"]) == ["all", "keys"]
    assert shown(services, []) == ["all"]


def test_what_is_changed_and_withdrawn_is_recorded_with_what_was_there(services, draft):
    banner_id = services.banners.schedule(draft("before"), **WHY)
    services.banners.change(banner_id, 1, draft("after"), **WHY)
    assert shown(services) == ["after"]
    services.banners.withdraw(banner_id, 2, **WHY)
    assert shown(services) == []
    records = {one.action: one for one in services.event_search.page(EventFilter(), size=3)}
    assert records["banner.scheduled"].detail["after"]["text_en"] == "before"
    sides = [records["banner.changed"].detail[side]["text_en"] for side in ("before", "after")]
    assert sides == ["before", "after"]
    assert records["banner.withdrawn"].detail["before"]["text_en"] == "after"


def test_of_two_who_change_the_same_at_once_one_is_told(services, draft):
    banner_id = services.banners.schedule(draft(), **WHY)

    def change(text):
        try:
            services.banners.change(banner_id, 1, draft(text), **WHY)
        except UserError:
            return None
        return text

    done = together([lambda number=number: change(f"number {number}") for number in range(4)])
    assert shown(services) == [text for text in done if text]


@pytest.mark.parametrize("act", ["change", "withdraw"])
def test_what_is_over_or_withdrawn_stays_as_it_was(services, draft, clock, act):
    withdrawn, ended = (services.banners.schedule(draft(), **WHY) for _ in range(2))
    services.banners.withdraw(withdrawn, 1, **WHY)
    clock.advance(3600)
    for banner_id, revision in ((withdrawn, 2), (ended, 1)):
        arguments = (draft(),) if act == "change" else ()
        with pytest.raises(UserError):
            getattr(services.banners, act)(banner_id, revision, *arguments, **WHY)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"text": ""}, "text_en"),
        ({"text": "x" * 201}, "text_en"),
        ({"text": "two\nlines"}, "text_en"),
        ({"text": "turned \u202e round"}, "text_en"),
        ({"about": "attested_passkey"}, "about"),
        ({"starts": HOUR, "ends": HOUR}, "ends"),
        ({"starts": -2 * HOUR, "ends": -HOUR}, "ends"),
        ({"ends": timedelta(days=91)}, "ends"),
    ],
)
def test_what_cannot_be_announced_is_refused_in_words(services, draft, changed, field):
    with pytest.raises(UserError) as refused:
        services.banners.schedule(draft(**changed), **WHY)
    assert refused.value.field == field
    assert services.banners.page() == []


def test_there_are_not_more_than_people_can_look_after(services, draft):
    for _ in range(MOST_AHEAD):
        services.banners.schedule(draft(), **WHY)
    with pytest.raises(UserError):
        services.banners.schedule(draft(), **WHY)


def test_another_node_shows_it_when_it_has_read_the_version(services, draft, settings, clock, entropy):
    node = deployment.services_of(settings, clock, entropy)
    node.replicas.look()
    services.banners.schedule(draft(), **WHY)
    assert shown(node) == []
    node.replicas.look()
    assert shown(node) == ["Codes arrive late."]
    node.database.dispose()


def test_every_method_is_one_that_a_banner_may_be_about():
    """Add the new factor to ABOUT in idp/banners/values.py; an attested passkey is a passkey to people."""
    assert {factor.kind for factor in FACTORS} - set(ABOUT) == {"attested_passkey"}
