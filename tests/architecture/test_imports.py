"""Imports that import-linter cannot see: between the product and its clients, and what a running server loads."""

import subprocess
import sys

from tests.architecture.tree import PACKAGE, ROOT, imported_by, name_of, python_files


def test_clients_see_the_provider_only_from_outside():
    guilty = [name_of(path) for path in python_files("clients") if imported_by(path) & {"idp", "tests"}]
    assert not guilty, f"a department has only the kit and HTTP; use those instead of importing idp in: {guilty}"


def test_provider_knows_nothing_of_its_clients():
    forbidden = {"clients", "django", "jose", "rp_kit", "tests"}
    guilty = [
        f"{name_of(path)}: {sorted(found)}" for path in python_files("idp") if (found := imported_by(path) & forbidden)
    ]
    assert not guilty, f"what these need from a client must arrive as data (a registration, a request): {guilty}"


def test_running_server_never_loads_python_jose():
    """python-jose is the departments' verifier; loading it here would make our signer its own judge (libraries:
    CVE-2024-23342).
    """
    entry = "idp.app" if (PACKAGE / "app.py").is_file() else "idp"
    program = f"import sys, {entry}; print(sorted({{'jose', 'ecdsa', 'authlib.jose'}} & sys.modules.keys()))"
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False, capture_output=True, text=True)
    assert result.returncode == 0, f"{entry} cannot be imported: {result.stderr}"
    assert result.stdout.strip() == "[]", f"find who imports it with `python -X importtime -c 'import {entry}'`"
