"""requirements.lock fits both pyproject.toml files, so that `make run` installs what was declared."""

import re
import tomllib
from itertools import chain

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.tree import ROOT

_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", re.MULTILINE)


def _declared(name):
    project = tomllib.loads((ROOT / name).read_text(encoding="utf-8"))
    extras = project["project"].get("optional-dependencies", {}).values()
    every = [*project["build-system"]["requires"], *project["project"]["dependencies"], *chain.from_iterable(extras)]
    return [Requirement(text) for text in every]


@pytest.mark.parametrize("name", ["pyproject.toml", "clients/kit/pyproject.toml"])
def test_every_declared_dependency_is_locked_at_a_fitting_version(name):
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = {canonicalize_name(package): version for package, version in _PINNED.findall(lock)}
    wrong = [
        str(requirement)
        for requirement in _declared(name)
        if not requirement.specifier.contains(pinned.get(canonicalize_name(requirement.name), "0"), prereleases=True)
    ]
    assert not wrong, f"run `make lock` and commit requirements.lock; it does not hold: {wrong}"


def test_every_locked_package_has_hashes():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[A-Za-z0-9])", lock)
    bare = [entry.splitlines()[0] for entry in entries if _PINNED.match(entry) and "--hash=sha256:" not in entry]
    assert not bare, f"run `make lock`; without hashes pip would trust any index: {bare}"
