"""One log for the process, however often it is configured."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from structlog.processors import JSONRenderer
from structlog.testing import capture_logs

from idp.foundation.logging import configure_logging, get_logger, line_of
from tests.support.workers import wait_for


@pytest.mark.unit
def test_a_logger_used_before_a_second_configuration_is_still_heard():
    """Commands configure the log each time they run; a module's logger is bound once."""
    configure_logging()
    logger = get_logger("early")
    logger.debug("bound_by_its_first_use")
    configure_logging()
    with capture_logs() as logs:
        logger.info("heard")
    assert [line["event"] for line in logs] == ["heard"]


_LOGS = "from idp.foundation.logging import *; configure_logging(); get_logger('x').error('happened'); print('went on')"


@pytest.mark.unit
@pytest.mark.parametrize("fault", ["full", "gone"])
def test_a_log_that_nobody_can_take_does_not_stop_what_is_logged(fault: str):
    """A disk that is full, or a shipper of logs that died."""
    if fault == "full":
        log = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, log = os.pipe()
        os.close(reader)
    with os.fdopen(log, "w") as stderr:
        ran = subprocess.run([sys.executable, "-c", _LOGS], stdout=subprocess.PIPE, stderr=stderr, check=False)
    assert ran.stdout == b"went on\n"


_MUCH = """
import threading, time
from idp.foundation.logging import *
configure_logging()
began = time.monotonic()
def tell():
    for number in range(300):
        get_logger('x').error('happened', number=number, much='x' * 5000)
threads = [threading.Thread(target=tell) for _ in range(4)]
for one in threads: one.start()
for one in threads: one.join()
print(time.monotonic() - began, flush=True)
input()
get_logger('x').error('after')
"""


@pytest.mark.unit
def test_a_log_that_nobody_reads_for_a_while_stops_nobody_and_says_what_is_missing():
    """A shipper of logs that hangs: six million characters, of which a pipe holds a hundredth."""
    running = subprocess.Popen(
        [sys.executable, "-c", _MUCH], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with running:
        assert running.stdin
        assert running.stdout
        assert running.stderr
        assert float(running.stdout.readline()) < 10
        reading = threading.Thread(target=lambda: lines.extend(running.stderr or ()))
        lines: list[str] = []
        reading.start()
        wait_for(lambda: len(lines) > 5)
        running.stdin.write("go on\n")
        running.stdin.close()
        reading.join(30)
    whole = [json.loads(line) for line in lines if line.endswith("}\n") and line.startswith("{")]
    lost = sum(line["count"] for line in whole if line["event"] == "log_lines_lost")
    told = [line for line in whole if line["event"] == "happened"]
    assert whole[-1]["event"] == "after"
    assert len(told) + lost == 1200
    assert len(lines) - len(whole) <= 1, "one line may be torn, where nobody took the rest of it"


def written(event):
    return JSONRenderer(line_of)(None, "info", event)


@pytest.mark.unit
@given(value=st.text(st.characters()) | st.integers() | st.lists(st.text(max_size=9)))
@example("two\nlines\r\u2028\u2029\x85\x1b[31m\x7f")
@example("\ud800 half a character")
@example(2**80)
def test_whatever_is_logged_is_one_line_of_plain_json(value):
    """ASVS-16.4.1: nobody writes lines of their own, or to a terminal."""
    line = written({"event": "happened", "value": value})
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert json.loads(line) == {"event": "happened", "value": value}


@pytest.mark.unit
def test_an_object_is_logged_without_what_it_does_not_show():
    @dataclass
    class Person:
        number: int
        name: str = field(repr=False)

    line = written({"event": "happened", "person": Person(7, "personal")})
    assert "number=7" in line
    assert "personal" not in line
