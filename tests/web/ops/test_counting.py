"""What is counted is what was recorded, under names that strangers cannot invent."""

from typing import Any

import pytest
from flask import Flask
from prometheus_client import REGISTRY

from idp.protocol.endpoints import ENDPOINTS
from idp.protocol.events import CallsCounted, TokenRefreshed
from idp.sessions.events import SessionOpened
from idp.sign_in.events import CodeRefused, PasswordRefused
from idp.web.ops import counting
from idp.web.ops.metrics import endpoint_of


@pytest.fixture
def risen(services: Any) -> Any:
    """Tell by how much a number has risen since the test began."""
    services.audit.on_commit(counting.count)
    before = {}
    for family in REGISTRY.collect():
        before |= {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in family.samples}

    def rise(name: str, **labels: str) -> float:
        now = REGISTRY.get_sample_value(name, labels) or 0.0
        return now - before.get((name, tuple(sorted(labels.items()))), 0.0)

    return rise


def test_sign_ins_are_counted_by_outcome_and_method(services: Any, risen: Any):
    services.audit.record(
        SessionOpened(factors=("password", "totp")),
        PasswordRefused(identifier="x", known_device=False, reason="wrong"),
        CodeRefused(kind="an invented kind", reason="wrong"),
    )
    assert risen("idp_sign_ins_total", outcome="succeeded", method="password") == 1
    assert risen("idp_sign_ins_total", outcome="succeeded", method="totp") == 1
    assert risen("idp_sign_ins_total", outcome="refused", method="password") == 1
    assert risen("idp_sign_ins_total", outcome="refused", method="other") == 1


def test_tokens_are_counted_by_grant(services: Any, risen: Any):
    services.audit.record(
        TokenRefreshed(scope="openid"), CallsCounted(call="client_credentials", count=7, minute="2026-11-28T10:00")
    )
    assert risen("idp_tokens_total", grant="refresh_token") == 1
    assert risen("idp_tokens_total", grant="client_credentials") == 7


def test_what_was_rolled_back_is_not_counted(services: Any, risen: Any):
    def fail() -> None:
        with services.database.transaction():
            services.audit.record(SessionOpened(factors=("passkey",)))
            raise OSError("refused")

    with pytest.raises(OSError, match="refused"):
        fail()
    assert risen("idp_sign_ins_total", outcome="succeeded", method="passkey") == 0


def test_pools_are_looked_at(services: Any):
    with services.factors.reserve(b"somebody"), services.database.read():
        counting.look(services, 0)
    assert REGISTRY.get_sample_value("idp_hashing_places", {"pid": ""}) in {1.0, None}
    assert services.factors.hashing().taken == 0
    assert services.database.connections()[1] > 0


def test_every_address_of_ours_has_a_name_of_its_own(app: Flask):
    paths = {rule.rule for rule in app.url_map.iter_rules()} | {endpoint.path for endpoint in ENDPOINTS}
    unnamed = {path for path in paths if endpoint_of(path) == "other"}
    assert not unnamed, "name them in idp/web/ops/metrics.py"


def test_what_the_block_list_stopped_is_counted_when_its_minute_is_recorded(services: Any, risen: Any, clock: Any):
    draft = services.block_changes.draft("block", "network", "203.0.113.0/24", 1)
    services.blocks.add(draft, actor="system", reason="attack of tonight")
    for _ in range(3):
        services.blocks.stopping("203.0.113.7", None)
    clock.advance(60)
    services.blocks.refusals.flush_before()
    assert risen("idp_blocked_total", kind="network") == 3
    assert risen("idp_blocked_total", kind="operator") == 0
