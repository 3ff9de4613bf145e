"""A sealer killed by the operating system at any moment, again and again, loses no event and gives no place twice."""

import os
import subprocess
import sys
import time
from typing import Any

import pytest
from sqlalchemy import func, select, update

from idp.audit.models import AuditEvent, AuditHead
from idp.foundation.lease import LEASE
from tests.audit.conftest import Happened
from tests.audit.test_sealing import leaves, unsealed

EVENTS = 1500
# A batch is three events: there is always a transaction to be killed in.
SEALING = """
import os
from idp.audit.sealer import Sealer
from idp.foundation.settings import load_settings
from idp.wiring import build_services

services = build_services(load_settings(os.environ))
sealer = Sealer(services.database, services.clock, services.audit, services.keyring, issuer="http://localhost", batch=3)
while True:
    sealer.run()
    sealer.release()
"""


# Three starts of a whole process, on whatever machine this is.
@pytest.mark.timeout(300)
def test_killed_sealers_leave_a_whole_tree(services: Any, environment: dict[str, str]):
    """Rule A4: kill -9 in the middle of a batch."""
    services.audit.record(*(Happened(number=number) for number in range(EVENTS)))
    for moment in (0.0, 0.005, 0.02):
        before = unsealed(services)
        with subprocess.Popen([sys.executable, "-c", SEALING], env={**os.environ, **environment}) as process:
            while unsealed(services) >= before:
                assert process.poll() is None
                time.sleep(0.01)
            time.sleep(moment)
            process.kill()
        leaves(services)
        _end_lease(services)
    assert 0 < unsealed(services) < EVENTS
    while unsealed(services):
        services.sealer.run()
    with services.database.read() as connection:
        count = connection.scalar(select(func.count()).select_from(AuditEvent))
    # One more than these: the first checkpoint key.
    assert len(leaves(services)) == count == EVENTS + 1


def _end_lease(services: Any) -> None:
    """Spare the test the 30 seconds until the lease of the dead is over."""
    with services.database.transaction() as connection:
        connection.execute(update(AuditHead).values(leased_until=services.clock.now() - LEASE))
