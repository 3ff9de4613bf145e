"""What this machine has. A test that needs something missing is "not run", with the reason, and is counted.

With CI=true a test that could not run is a failure (tests/conftest.py turns every skip into one).
"""

import os
import pwd
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

NOT_RUN = "not run: "


def not_run(reason: str) -> NoReturn:
    """End the present test as not run. ``reason`` says what is missing and how to get it."""
    pytest.skip(NOT_RUN + reason)


def is_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def chromium() -> str:
    """Return the path of Chromium, or end the test as not run."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path:
            return path
    not_run("Chromium is not installed; `make test` as root or with sudo installs it (.ci/packages)")


def postgresql_programs() -> Path | None:
    """Return the folder of the newest PostgreSQL server programs, None if there are none."""
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")]
    if folders:
        return max(folders, key=lambda folder: float(folder.parent.name))
    found = shutil.which("pg_ctl")
    return Path(found).resolve().parent if found else None


def postgresql_obstacle() -> str:
    """Return why no private PostgreSQL can be started here, empty if one can."""
    if postgresql_programs() is None:
        return "PostgreSQL is not installed; `make test` as root or with sudo installs it (.ci/packages)"
    if os.geteuid() != 0:
        return ""
    if shutil.which("runuser") is None:
        return "PostgreSQL refuses to run as root and there is no runuser to become another user"
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        return "PostgreSQL refuses to run as root and there is no user postgres"
    return ""


def nginx() -> str:
    """Return the path of nginx, or end the test as not run."""
    path = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if path:
        return path
    not_run("nginx is not installed; `make test` as root or with sudo installs it (.ci/packages)")


def apache() -> tuple[str, Path]:
    """Return the path of Apache and the folder of its modules, one of them ours to try, or end the test as not run."""
    program = shutil.which("apache2", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    modules = Path("/usr/lib/apache2/modules")
    if program and (modules / "mod_auth_openidc.so").is_file():
        return program, modules
    not_run("Apache's mod_auth_openidc is not installed; `make test` as root or with sudo installs it (.ci/packages)")
