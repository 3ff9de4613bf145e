"""The pure parts of the load generator: a generator that misreads answers measures nothing."""

import time

import pytest

from tests.bench import targets
from tests.bench.errors import BenchError
from tests.bench.load import wrk
from tests.bench.load.forms import answer
from tests.bench.load.measurement import Slice, summarize
from tests.bench.load.people import Authenticators, Rota, one_time_code, people
from tests.bench.load.responses import Response, ResponseReader
from tests.bench.load.subject import Subject
from tests.bench.load.virtual_user import Page, Returned, VirtualUser
from tests.bench.load.workloads import WORKLOADS, workload
from tests.bench.profile import rank

SUBJECT = Subject("test", "http://127.0.0.1:1", {}, (), ())


def finish(script):
    """Run a script that needs no answers and return its result."""
    try:
        next(script)
    except StopIteration as end:
        return end.value
    raise AssertionError("the script waits")


def test_an_answer_with_a_length_is_complete_after_that_many_bytes():
    reader = ResponseReader()

    assert reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab") is None
    response = reader.feed(b"cd")

    assert response == Response(200, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", b"abcd")


def test_a_chunked_answer_is_put_together():
    reader = ResponseReader()

    assert reader.feed(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n") is None
    response = reader.feed(b"2;x=y\r\nde\r\n0\r\n\r\n")

    assert response is not None
    assert response.body == b"abcde"


def test_an_answer_without_length_ends_with_the_connection():
    reader = ResponseReader()

    assert reader.feed(b"HTTP/1.1 200 OK\r\n\r\nall of it") is None

    assert reader.finish().body == b"all of it"


def test_an_answer_cut_short_is_an_error():
    reader = ResponseReader()
    reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab")

    with pytest.raises(BenchError):
        reader.finish()


def test_one_time_codes_are_those_of_rfc_6238():
    # Appendix B, the SHA-1 rows, whose eight digits end in these six.
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

    assert [one_time_code(secret, t // 30) for t in (59, 1111111109, 2000000000)] == ["287082", "081804", "279037"]


def test_no_authenticator_gives_two_codes_in_one_step():
    person = people(1)[0]
    authenticators = Authenticators()
    finish(authenticators.code(person))

    wish = next(authenticators.code(person))

    assert wish > time.perf_counter()


def test_visitors_take_turns_until_everyone_has_spent_a_code():
    authenticators = Authenticators()
    everyone = people(2)
    rota = Rota(everyone, authenticators)
    for person in everyone:
        assert rota.take() is person
        finish(authenticators.code(person))

    with pytest.raises(BenchError):
        rota.take()


def test_everyone_sits_in_a_network_of_their_own():
    networks = {person.address.rpartition(".")[0] for person in people(2000)}

    assert len(networks) == 2000


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (
            """<form method=post action=/login><input type=hidden name=csrf_token value=c><input name=username>
            <input type=password name=password><button id=login-submit>Sign in</button></form>""",
            "csrf_token=c&username=bench-00000&password=bench-lantern-harbour-27",
        ),
        (
            """<form method=get action=/language><button>English</button></form>
            <form method=post><input type=checkbox name=phone value=1 checked>
            <button id=consent-deny name=answer value=deny>No</button>
            <button id=consent-allow name=answer value=allow>Yes</button></form>""",
            "phone=1&answer=allow",
        ),
    ],
    ids=["sign-in", "consent"],
)
def test_the_form_in_the_way_is_answered(form, expected):
    page = Page("http://127.0.0.1:1/login?i=x", Response(200, b"", form.encode()))

    submitted = finish(answer(page, people(1)[0], Authenticators()))

    assert (submitted.method, submitted.body) == ("POST", expected)


def test_a_page_without_a_known_form_is_an_error():
    page = Page("http://127.0.0.1:1/login", Response(200, b"", b"<form><input name=q></form>"))

    with pytest.raises(BenchError):
        finish(answer(page, people(1)[0], Authenticators()))


def test_a_browser_keeps_cookies_by_path_and_stops_at_the_client():
    user = VirtualUser(SUBJECT, people(1)[0])
    script = user.browse("GET", "http://127.0.0.1:1/authorize")

    first = next(script)
    redirect = (
        b"HTTP/1.1 303 See Other\r\nLocation: /login\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2; Path=/x\r\n\r\n"
    )
    second = script.send(Response(303, redirect, b""))
    with pytest.raises(StopIteration) as end:
        script.send(Response(303, b"\r\nLocation: http://127.0.0.1:9/callback?code=c&state=s\r\n\r\n", b""))

    assert isinstance(first, bytes)
    assert isinstance(second, bytes)
    assert first.startswith(b"GET /authorize HTTP/1.1\r\n")
    assert b"X-Forwarded-For: 59.64.0.7\r\n" in first
    assert b"Cookie: a=1\r\n" in second
    assert end.value.value == Returned({"code": "c", "state": "s"})


def test_the_report_of_wrk_is_read():
    report = """  Latency Distribution
     50%   12.56ms
     99%    1.05s
  5071 requests in 2.00s, 1.02MB read
  Socket errors: connect 0, read 1, write 0, timeout 2
  Non-2xx or 3xx responses: 4
"""

    traffic = wrk.read_report(report, 0.25)

    assert (traffic.operations, traffic.seconds, traffic.p50_ms, traffic.p99_ms) == (5064, 2.0, 12.56, 1050.0)
    assert sum(traffic.failures.values()) == 7


def test_requests_survive_as_lua_strings():
    assert wrk.lua_string(b'GET /"\r\n') == r'"GET\032\047\034\013\010"'


def test_medians_and_verdicts():
    slices = [Slice(rate, 0, 1.0, 1, 2, cpu, 0.5, 0.1, 1.0, {}) for rate, cpu in ((100, 1.0), (300, 3.0), (200, 2.0))]
    ours = summarize(slices)

    assert (ours.rate, ours.cpu_ms, ours.lowest_rate) == (200, 2.5, 100)
    assert targets.judge("W4", ours, ours, None).is_reached is False
    assert targets.judge("W6", ours, ours, None).is_reached is True
    assert targets.judge("W5", ours, None, None).is_reached is None
    assert targets.judge("W8", ours, None, 20.0).is_reached is True


def test_every_workload_is_found_by_its_name():
    assert [workload(each.name.lower()) for each in WORKLOADS] == list(WORKLOADS)
    with pytest.raises(BenchError):
        workload("W10")


def test_profiled_functions_are_ranked_by_their_own_time():
    busiest, caller = rank(["main (a.py:1);work (b.py:2) 3", "main (a.py:9) 1"])

    assert (busiest.name, busiest.own, busiest.total) == ("work (b.py)", 0.75, 0.75)
    assert (caller.name, caller.own, caller.total) == ("main (a.py)", 0.25, 1.0)
