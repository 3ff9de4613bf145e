"""The life of signing keys on a deployment of several nodes (rule P7, OIDC-CORE-10.1.1-key-rotation, ASVS-11.1.1)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet as PublicKeys

from idp.keyring.errors import KeyUnknown, TokenInvalid
from idp.keyring.service import Keyring
from tests.keyring.nodes import DAY, HOUR, Deployment, published, states
from tests.support.clock import FrozenClock
from tests.support.racing import together


class Department:
    """A relying party with another JOSE library, which reads the key set once in five minutes and never in between."""

    def __init__(self, node: Keyring, clock: FrozenClock) -> None:
        self._node = node
        self._clock = clock
        self._read_at: datetime | None = None
        self._keys: Any = None

    def accepts(self, token: str) -> bool:
        now = self._clock.now()
        if self._read_at is None or (now - self._read_at).total_seconds() >= 300:
            self._keys, self._read_at = PublicKeys.import_key_set({"keys": self._node.jwks()["keys"]}), now
        return jwt.decode(token, self._keys, algorithms=["ES256"]).claims == {"sub": "s"}


def test_no_verification_fails_while_keys_come_and_go(deployment: Deployment, clock: FrozenClock):
    """OIDC-CORE-10.1.1-key-rotation."""
    nodes = [deployment.node(key_rotation_days=2) for _ in range(2)]
    department, kids = Department(nodes[1], clock), []
    for step in range(5 * DAY // 290):
        clock.advance(290)
        if step % 5 == 0:
            nodes[step % 2].tick()
        token = nodes[0].sign({"sub": "s"}, typ="at+jwt")
        assert department.accepts(token)
        assert nodes[1].verify(token, typ="at+jwt") == {"sub": "s"}
        assert nodes[0].signer("ES256").kid == nodes[1].signer("ES256").kid
        kids.append(nodes[0].signer("ES256").kid)
    assert len(set(kids)) == 3
    # A retired key never returns.
    assert list(dict.fromkeys(kids)) == [
        kid for kid, after in zip(kids, [*kids[1:], None], strict=True) if kid != after
    ]


def test_key_signs_only_when_it_was_published_for_a_day(deployment: Deployment, clock: FrozenClock):
    node = deployment.node(key_rotation_days=1)
    for _ in range(4 * 24 * 4):
        clock.advance(HOUR / 4)
        node.tick()
    turns = sorted((key.activates_at, key.published_at) for key in node.list_keys() if key.activates_at)
    first, *others = [activates_at - published_at for activates_at, published_at in turns]
    assert first == timedelta(0)
    assert len(others) >= 2
    assert min(others) >= timedelta(days=1)


def test_first_run_makes_a_signing_and_a_waiting_key_for_each_algorithm(deployment: Deployment):
    """ASVS-11.2.3: RSA keys have 3072 bits."""
    node = deployment.node(algorithms=("ES256", "RS256", "PS256", "EdDSA"))
    assert node.algorithms() == ("ES256", "RS256", "PS256", "EdDSA")
    for alg in node.algorithms():
        assert states(node, alg).keys() == {"active", "pending"}
    keys = node.jwks()["keys"]
    assert {(key["kty"], key.get("crv"), key["alg"], key["use"]) for key in keys} == {
        ("EC", "P-256", "ES256", "sig"),
        ("RSA", None, "RS256", "sig"),
        ("RSA", None, "PS256", "sig"),
        ("OKP", "Ed25519", "EdDSA", "sig"),
    }
    # 384 bytes are 512 characters.
    assert {len(key["n"]) for key in keys if key["kty"] == "RSA"} == {512}
    assert not any(private in key for key in keys for private in ("d", "p", "q", "dp", "dq", "qi", "k"))


def test_second_start_keeps_the_keys(deployment: Deployment, node: Keyring):
    assert published(deployment.node()) == published(node)


def test_algorithm_added_later_gets_its_keys_at_the_next_start(deployment: Deployment, node: Keyring):
    with pytest.raises(KeyUnknown):
        node.sign({}, typ="at+jwt", alg="EdDSA")
    later = deployment.node(algorithms=("ES256", "EdDSA"))
    assert later.verify(later.sign({"a": 1}, typ="JWT", alg="EdDSA"), typ="JWT") == {"a": 1}
    assert set(published(node)) < set(published(later))


def test_tick_has_nothing_to_do_twice(node: Keyring, clock: FrozenClock):
    assert node.tick() == ()
    clock.advance(days=91)
    assert [event.action for event in node.tick()] == ["signing_key.scheduled"]
    assert node.tick() == ()
    clock.advance(11)
    actions = [event.action for event in node.tick()]
    assert actions == ["signing_key.retired", "signing_key.activated", "signing_key.published"]
    assert node.tick() == ()


def test_two_workers_that_tick_at_once_do_it_once(deployment: Deployment, clock: FrozenClock):
    workers = [deployment.node() for _ in range(4)]
    clock.advance(days=91)
    together([worker.tick for worker in workers])
    assert len(deployment.recorded("signing_key.scheduled")) == 1
    clock.advance(11)
    together([worker.tick for worker in workers])
    assert len(deployment.recorded("signing_key.published")) == 3
    assert [key.state for key in workers[0].list_keys()].count("pending") == 1
    assert len(list(deployment.keys.glob("signing/*.pem"))) == 3


def test_nodes_that_start_together_share_one_first_run(deployment: Deployment):
    nodes: list[Keyring] = []
    together([lambda: nodes.append(deployment.node())] * 4)
    token = nodes[0].sign({"sub": "s"}, typ="at+jwt")
    assert [node.verify(token, typ="at+jwt") for node in nodes] == [{"sub": "s"}] * 4
    assert len({node.index("phone", "+8613800138000") for node in nodes}) == 1
    assert len(list(deployment.keys.glob("signing/*.pem"))) == len(published(nodes[0])) == 2
    assert len(list(deployment.keys.glob("master/*.key"))) == 1


def test_requested_rotation_waits_until_the_key_was_published_long_enough(node: Keyring, clock: FrozenClock):
    """OIDC-CORE-10.1.1-key-rotation: both keys are in the key set, and the old token still verifies."""
    old = states(node)["active"]
    token = node.sign({"sub": "s"}, typ="JWT")
    assert [event.action for event in node.rotate(actor="command:root")] == ["signing_key.scheduled"]
    assert node.rotate() == ()
    clock.advance(DAY - 1)
    assert node.signer("ES256").kid == old.kid
    clock.advance(1)
    assert node.signer("ES256").kid != old.kid
    assert states(node)["retained"].kid == old.kid
    assert old.kid in published(node)
    assert node.verify(token, typ="JWT") == {"sub": "s"}
    node.tick()
    assert states(node).keys() == {"retained", "active", "pending"}


def test_requested_rotation_of_one_algorithm_leaves_the_others(deployment: Deployment):
    node = deployment.node(algorithms=("ES256", "EdDSA"))
    assert [(event.action, event.alg) for event in node.rotate(alg="EdDSA")] == [("signing_key.scheduled", "EdDSA")]  # type: ignore[attr-defined]
    with pytest.raises(KeyUnknown):
        node.rotate(alg="HS256")


def test_dead_worker_is_a_problem_for_the_operator(node: Keyring, clock: FrozenClock):
    clock.advance(days=90)
    assert node.problems() == ()
    clock.advance(HOUR)
    assert node.problems() == ("Signing keys are not rotated in time. Is idp worker running?",)
    node.tick()
    assert node.problems() == ()


def test_switch_happens_without_a_tick(deployment: Deployment, node: Keyring, clock: FrozenClock):
    """A dead worker delays nothing that was already decided."""
    other = deployment.node()
    node.rotate()
    clock.advance(days=2)
    new = states(node)["active"]
    assert other.signer("ES256").kid == node.signer("ES256").kid == new.kid
    assert {key["kid"] for key in other.jwks()["keys"]} == {key.kid for key in node.list_keys()}


def test_retired_public_key_stays_for_hints_and_then_leaves(node: Keyring, deployment: Deployment, clock: FrozenClock):
    hint = node.sign({"sub": "s"}, typ="JWT")
    old = node.signer("ES256").kid
    node.rotate()
    clock.advance(days=1)
    node.tick()
    clock.advance(days=399)
    node.tick()
    assert node.verify(hint, typ="JWT") == {"sub": "s"}
    clock.advance(days=1)
    node.tick()
    assert old not in published(node)
    (revoked,) = [event for event in deployment.recorded("signing_key.revoked") if event["kid"] == old]
    assert [revoked[side]["state"] for side in ("before", "after")] == ["retained", "revoked"]


def test_private_key_is_destroyed_when_its_last_token_is_signed(
    node: Keyring, deployment: Deployment, clock: FrozenClock
):
    """ASVS-11.1.1."""
    file = deployment.keys / "signing" / f"{node.signer('ES256').kid}.pem"
    node.rotate()
    clock.advance(days=1)
    node.tick()
    assert file.exists()
    clock.advance(HOUR)
    node.tick()
    assert not file.exists()


def test_node_whose_clock_is_behind_signs_with_the_key_that_another_made(deployment: Deployment, clock: FrozenClock):
    deployment.node()
    clock.advance(-2)
    late = deployment.node()
    assert late.verify(late.sign({"a": 1}, typ="JWT"), typ="JWT") == {"a": 1}


def test_emergency_signs_at_once_with_the_waiting_key_and_refuses_the_old_one(
    deployment: Deployment, clock: FrozenClock
):
    nodes = [deployment.node() for _ in range(2)]
    before = states(nodes[0])
    stolen = nodes[0].sign({"sub": "s"}, typ="at+jwt")
    assert nodes[1].verify(stolen, typ="at+jwt") == {"sub": "s"}
    events = nodes[0].rotate(emergency=True, actor="command:root", reason="laptop stolen")
    assert [event.action for event in events] == [
        "signing_key.revoked",
        "signing_key.scheduled",
        "signing_key.activated",
        "signing_key.published",
    ]
    assert {(event.actor, event.reason) for event in events} == {("command:root", "laptop stolen")}
    clock.advance(0.5)
    for node in nodes:
        assert node.signer("ES256").kid == before["pending"].kid
        assert before["active"].kid not in published(node)
        with pytest.raises(TokenInvalid, match="no published key"):
            node.verify(stolen, typ="at+jwt")
    after = states(nodes[1])
    assert (after["revoked"].kid, after["revoked"].reason) == (before["active"].kid, "laptop stolen")
    assert after["pending"].kid not in {before["active"].kid, before["pending"].kid}
    assert not (deployment.keys / "signing" / f"{before['active'].kid}.pem").exists()


def test_emergency_in_the_middle_of_a_rotation_revokes_the_key_that_signs(node: Keyring, clock: FrozenClock):
    first = node.signer("ES256").kid
    node.rotate()
    clock.advance(days=1)
    second = node.signer("ES256").kid
    node.rotate(emergency=True)
    found = {key.kid: key.state for key in node.list_keys()}
    assert (found[first], found[second]) == ("retained", "revoked")
    assert node.signer("ES256").kid not in {first, second}
    assert states(node).keys() == {"retained", "revoked", "active", "pending"}


def test_second_emergency_on_another_node_takes_its_own_key(deployment: Deployment):
    nodes = [deployment.node() for _ in range(3)]
    together([lambda node=node: node.rotate(emergency=True) for node in nodes[:2]])
    found = [key.state for key in nodes[2].list_keys()]
    assert sorted(found) == ["active", "pending", "revoked", "revoked"]


def test_rotation_that_fails_leaves_no_key_behind(node: Keyring, deployment: Deployment):
    """A transaction around it that rolls back takes the rows along; no private key without a row may stay."""
    with deployment.database.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE audit_event RENAME TO audit_event_gone")
    try:
        files = set(deployment.keys.glob("signing/*"))
        with pytest.raises(Exception, match="audit_event"):
            node.rotate(emergency=True)
        assert set(deployment.keys.glob("signing/*")) == files
        assert states(node).keys() == {"active", "pending"}
    finally:
        with deployment.database.transaction() as connection:
            connection.exec_driver_sql("ALTER TABLE audit_event_gone RENAME TO audit_event")
