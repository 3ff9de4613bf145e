"""One log for the process, however often it is configured."""

import os
import subprocess
import sys

import pytest
from structlog.testing import capture_logs

from idp.foundation.logging import configure_logging, get_logger


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
