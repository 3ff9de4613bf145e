"""The registrations for the conformance suite would be accepted as they stand (docs/conformance.md)."""

from dataclasses import replace
from pathlib import Path

import pytest

from idp.registry.files import read_registration, substitute
from tests.protocol.binding.proving import ClientCertificate
from tests.registry.test_rules import EC_KEY, deployment, problems

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "clients" / "registrations" / "conformance").glob("*.toml"))
CERTIFICATE = ClientCertificate("CN=conformance")
PLACES = {
    "N": "1",
    "SUITE": "https://localhost.emobix.co.uk:8443/test/a/idp",
    "KID": "1",
    "ENDS_ON": "2026-12-31",
}


def places_of(path, environment):
    """Return what is filled in; a key that has a certificate is the certificate's."""
    key = CERTIFICATE.jwks["keys"][0] if "x5c" in path.read_text() else EC_KEY
    certificate = {"CERTIFICATE": key["x5c"][0]} if "x5c" in key else {}
    return PLACES | certificate | {"X": key["x"], "Y": key["y"], "ENVIRONMENT": environment}


@pytest.mark.parametrize("environment", ["development", "sandbox"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_with_its_places_filled_is_accepted(path, environment):
    """FAPI2-SP-5.3.2.1-1-metadata."""
    registration, unfilled = substitute(read_registration(path), places_of(path, environment))
    assert not unfilled
    assert problems(registration, replace(deployment(environment), takes_certificates=True)) == {}


def test_the_document_names_every_file():
    document = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
    assert FILES
    assert [path.name for path in FILES if f"`{path.name}`" not in document] == []
