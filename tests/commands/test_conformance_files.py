"""``idp client apply`` takes every registration for the conformance suite (docs/conformance.md)."""

import pytest

from tests.protocol.binding.proving import MUTUAL_TLS
from tests.registry.test_conformance_files import FILES, places_of


@pytest.fixture
def setting_changes():
    return MUTUAL_TLS


def test_every_file_is_applied_for_both_clients(idp):
    for path in FILES:
        for number in ("1", "2"):
            places = places_of(path, "development") | {"N": number, "ENDS_ON": "2099-12-31"}
            pairs = [argument for name, value in places.items() for argument in ("--set", f"{name}={value}")]
            ended = idp("client", "apply", str(path), *pairs)
            assert "registered and in force" in ended.stdout, ended.stderr
    assert idp("client", "list").stdout.count("conformance-") == 2 * len(FILES)
