"""One log for the process, however often it is configured."""

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
