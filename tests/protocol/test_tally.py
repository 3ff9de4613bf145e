"""Counts of calls that write no row of their own (rule A3): none is lost, and each is of its client alone."""

import pytest
from sqlalchemy.exc import OperationalError

from idp.foundation.database import DatabaseFailure
from idp.foundation.logging import RequestContext, request_context


def fail():
    raise OperationalError("BEGIN", {}, Exception("gone"))


def counted(services):
    return [record for record in services.audit.export() if record.action == "client.calls"]


def test_a_minute_belongs_to_no_request_whichever_came_by(services, clock):
    services.protocol.tally.count_call("introspection", "tax")
    clock.advance(60)
    token = request_context.set(RequestContext("ABCDEFGH", "198.51.100.0/24", "somebody else's"))
    try:
        services.protocol.tally.count_call("introspection", "welfare")
    finally:
        request_context.reset(token)
    assert [(one.client_id, one.request_id, one.network) for one in counted(services)] == [("tax", None, None)]


def test_what_the_database_does_not_take_is_recorded_when_it_is_back(services, clock, monkeypatch):
    tally = services.protocol.tally
    for _ in range(3):
        tally.count_call("introspection", "tax")
    clock.advance(60)
    with monkeypatch.context() as gone:
        gone.setattr(services.database, "transaction", fail)
        with pytest.raises(DatabaseFailure):
            tally.flush_before()
    tally.flush()
    assert [(one.client_id, one.detail["count"]) for one in counted(services)] == [("tax", 3)]
