"""The registrations for the conformance suite would be accepted as they stand (docs/conformance.md)."""

from pathlib import Path

import pytest

from idp.registry.files import read_registration, substitute
from tests.registry.test_rules import EC_KEY, deployment, problems

FILES = sorted((Path(__file__).parents[2] / "clients" / "registrations" / "conformance").glob("fapi2-*.toml"))
SUITE = "https://localhost.emobix.co.uk:8443/test/a/idp/callback"


@pytest.mark.parametrize("environment", ["development", "sandbox"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_with_its_places_filled_is_accepted(path, environment):
    """FAPI2-SP-5.3.2.1-1-metadata."""
    places = {"ENVIRONMENT": environment, "CALLBACK": SUITE, "KID": "1", "X": EC_KEY["x"], "Y": EC_KEY["y"]}
    registration, unfilled = substitute(read_registration(path), places)
    assert not unfilled
    assert problems(registration, deployment(environment)) == {}


def test_there_are_two_clients_for_each_plan():
    assert [path.stem for path in FILES] == [
        "fapi2-client1",
        "fapi2-client2",
        "fapi2-signing-client1",
        "fapi2-signing-client2",
    ]
