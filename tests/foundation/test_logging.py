"""One log for the process, however often it is configured."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from structlog.processors import JSONRenderer
from structlog.testing import capture_logs

from idp.foundation.logging import configure_logging, get_logger, line_of


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
