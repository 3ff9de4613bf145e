"""A deployment before its first run, and one open node of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.keyring.service import Keyring
from tests.keyring.nodes import Deployment
from tests.support.clock import FrozenClock


@pytest.fixture
def deployment(database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[Deployment]:
    deployment = Deployment(database_url, tmp_path / "keys", clock)
    yield deployment
    deployment.close()


@pytest.fixture
def node(deployment: Deployment) -> Keyring:
    return deployment.node()
