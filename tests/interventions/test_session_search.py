"""Lists and counts of sessions for staff: one statement a page, every filter data."""

from datetime import timedelta

import pytest

from idp.foundation.errors import UserError
from idp.sessions.filters import SessionFilter, parse_network
from idp.sessions.values import Selector


def ids(lines):
    return [line.id for line in lines]


def test_pages_go_on_where_the_last_one_ended_in_both_directions(services, sign_in):
    every = sign_in(7)[::-1]
    search, chosen = services.session_search, SessionFilter()
    first = search.page(chosen, size=3)
    second = search.page(chosen, size=3, before=first[-1].id)
    assert ids(first) + ids(second) == every[:6]
    assert ids(search.page(chosen, size=3, after=second[0].id)) == every[:3]
    assert ids(search.page(chosen, size=3, after=every[5])) == every[2:5]


@pytest.mark.parametrize(
    ("typed", "kept", "finds"),
    [
        ("203.0.113.9", "203.0.113.0/24", True),
        ("203.0.113.0/24", "203.0.113.0/24", True),
        ("203.0.0.0/16", "203.0.", True),
        ("203.0.0.0/8", "203.", True),
        ("203.1.0.0/16", "203.1.", False),
        ("20.0.0.0/8", "20.", False),
        ("2001:db8::1", "2001:db8::/48", False),
    ],
)
def test_a_network_finds_the_sessions_from_it(services, sign_in, typed, kept, finds):
    sign_in()
    assert parse_network(typed) == kept
    assert bool(services.session_search.page(SessionFilter(network=kept))) is finds


@pytest.mark.parametrize("typed", ["", "x", "203.0.113", "203.0.113.0/33", "10.0.0.0/12", "' OR 1=1 --", "%"])
def test_what_is_no_network_is_refused_in_words(typed):
    with pytest.raises(UserError) as refused:
        parse_network(typed)
    assert refused.value.field == "network"


def test_filters_are_data_and_never_sql(services, sign_in):
    sign_in()
    for text in ("'; DROP TABLE op_session; --", "%", "_", '"'):
        assert services.session_search.page(SessionFilter(client_id=text)) == []
        assert services.session_search.page(SessionFilter(method=text)) == []
    assert len(services.session_search.page(SessionFilter())) == 1


def test_a_session_that_expired_is_ended_by_its_own_time(services, sign_in, clock):
    search = services.session_search
    (old,) = sign_in()
    began = search.find(old).created_at
    clock.advance(hours=11)
    (new,) = sign_in()
    assert ids(search.page(SessionFilter())) == [new, old]
    clock.advance(hours=2)
    assert ids(search.page(SessionFilter())) == [new]
    (line,) = search.page(SessionFilter(state="ended"))
    assert (line.id, line.end_reason, line.ended_at) == (old, "expired", began + timedelta(hours=12))
    assert search.find(old).end_reason == "expired"
    assert search.estimate(SessionFilter()).sessions == 1


def test_where_the_live_sessions_begin_is_found_anew_and_spares_none(services, sign_in, clock, account_factory):
    """However long sessions live, also by a setting that has since been changed."""
    search = services.session_search
    officer = account_factory(kind="staff")
    (longest,) = sign_in()
    for _ in range(11):
        clock.advance(hours=1)
        sign_in(person=officer)
        live = ids(search.page(SessionFilter()))
        assert longest in live
        assert search.estimate(SessionFilter()).sessions == len(live)
    clock.advance(hours=-10)
    assert longest in ids(search.page(SessionFilter())), "the clock was set back"


def test_method_state_and_age_choose(services, sign_in, clock):
    (old,) = sign_in(method="totp")
    clock.advance(hours=2)
    (new,) = sign_in()
    search = services.session_search
    assert ids(search.page(SessionFilter(method="totp", state="all"))) == [old]
    assert ids(search.page(SessionFilter(state="live"))) == [new, old]
    assert ids(search.page(SessionFilter(started_since=clock.now() - timedelta(hours=1)))) == [new]
    services.sessions.terminate(Selector(session_id=new), reason="logout", actor="system")
    assert ids(search.page(SessionFilter(state="ended"))) == [new]


def test_an_estimate_counts_sessions_and_people(services, sign_in, account_factory):
    person = account_factory()
    sign_in(3, person=person)
    sign_in(1)
    counted = services.session_search.estimate(SessionFilter())
    assert (counted.sessions, counted.accounts, counted.clients) == (4, 2, 0)


def test_a_filter_survives_being_stored(clock):
    chosen = SessionFilter(network="203.0.", method="totp", started_since=clock.now(), state="all")
    assert SessionFilter.unpacked(chosen.packed()) == chosen
