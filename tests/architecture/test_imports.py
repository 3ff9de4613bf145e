"""Imports that import-linter cannot see: between the product and its clients, and what a running server loads, which
decides how soon it answers.
"""

import subprocess
import sys

from tests.architecture.tree import ROOT, imported_by, name_of, python_files


def test_clients_see_the_provider_only_from_outside():
    guilty = [name_of(path) for path in python_files("clients") if imported_by(path) & {"idp", "tests"}]
    assert not guilty, f"a department has only the kit and HTTP; use those instead of importing idp in: {guilty}"


def test_provider_knows_nothing_of_its_clients():
    forbidden = {"clients", "django", "jose", "rp_kit", "tests"}
    guilty = [
        f"{name_of(path)}: {sorted(found)}" for path in python_files("idp") if (found := imported_by(path) & forbidden)
    ]
    assert not guilty, f"what these need from a client must arrive as data (a registration, a request): {guilty}"


def _loaded_by(entry: str, unwanted: set[str]) -> list[str]:
    program = f"import sys, {entry}; print(*sorted({unwanted!r} & sys.modules.keys()))"
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False, capture_output=True, text=True)
    assert result.returncode == 0, f"{entry} cannot be imported: {result.stderr}"
    return result.stdout.split()


def test_running_server_never_loads_python_jose():
    """python-jose is the departments' verifier; loading it here would make our signer its own judge (libraries:
    CVE-2024-23342).
    """
    found = _loaded_by("idp.app", {"jose", "ecdsa", "authlib.jose"})
    assert not found, f"find who imports {found} with `python -X importtime -c 'import idp.app'`"


def test_server_answers_before_it_loads_what_few_requests_need():
    rare = {"alembic", "granian", "phonenumbers", "prometheus_client", "stdnum", "zxcvbn"}
    found = _loaded_by("idp.app", rare)
    assert not found, f"import {found} where it is used; `python -X importtime -c 'import idp.app'` shows who does"


def test_commands_are_understood_before_the_house_is_loaded():
    found = _loaded_by("idp.commands.serve, idp.commands.worker", {"flask", "granian", "idp.wiring"})
    assert not found, f"load {found} when the command acts, so that wrong usage and --help are answered at once"
