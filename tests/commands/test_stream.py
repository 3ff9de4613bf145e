"""``idp stream``."""

import json
from typing import Any

import pytest

from tests.commands.conftest import Run
from tests.registry.conftest import tax


@pytest.fixture
def stream(services: Any) -> Any:
    services.registry.apply(tax(), actor="system")
    return services.transmitter.streams.create(services.registry.get("tax"), {})


def test_streams_are_listed_paused_and_enabled(idp: Run, stream: Any, services: Any):
    """SSF-8.1.2-status: staff see why a stream stands still, and set it going again."""
    assert "tax" in idp("stream", "list").stdout
    assert idp("stream", "pause", "tax", "--reason", "drill").stdout == "tax: paused.\n"
    # The news of the pause itself (SSF §8.1.5, stream-updated) is no event that waits for its end.
    shown = json.loads(idp("stream", "list", "--json").stdout)
    assert [(one["stream_id"], one["status"], one["reason"], one["waiting"]) for one in shown] == [
        (stream.reference, "paused", "drill", 0)
    ]
    assert idp("stream", "enable", "tax").stdout == "tax: enabled.\n"
    assert services.transmitter.streams.list()[0][0].status == "enabled"


def test_client_without_a_stream_is_refused(idp: Run):
    assert idp("stream", "list").stdout == "Nobody receives security events.\n"
    assert idp("stream", "pause", "welfare").status == 1
