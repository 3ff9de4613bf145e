"""An import killed by the operating system, at any moment, goes on exactly where it was."""

import json
import os
import subprocess
import sys

import pytest
from sqlalchemy import func, select

from idp.accounts.models import Account, AccountLookup, NaturalPerson
from tests.accounts.people import id_number

LINES = 3000
IMPORTING = """
import os, sys
from pathlib import Path
from idp.accounts.service import Accounts
from idp.audit.service import Audit
from idp.foundation.clock import SystemClock
from idp.foundation.database import Database
from idp.foundation.entropy import SystemEntropy
from idp.foundation.settings import load_settings
from idp.keyring.service import Keyring

settings = load_settings(os.environ)
clock = SystemClock()
entropy = SystemEntropy(clock)
database = Database(settings.database_url)
audit = Audit(database, clock, entropy)
keyring = Keyring.open(settings, database, clock, entropy, audit, algorithms=("ES256",))
accounts = Accounts(database, clock, entropy, audit, keyring, environment=settings.environment)
outcome = accounts.import_lines(
    Path(sys.argv[1]),
    store_password=lambda connection, passwords: None,
    check_password_hash=lambda text: None,
    on_progress=lambda progress: print(progress.lines, flush=True),
)
print("accepted", outcome.accepted, "rejected", outcome.rejected, flush=True)
"""


@pytest.mark.usefixtures("keyring")
def test_a_killed_import_goes_on_exactly_where_it_was(environment, database, tmp_path):
    file = tmp_path / "people.jsonl"
    lines = [
        {"kind": "citizen", "username": f"killed{index}", "name": "张三", "id_number": id_number(index)}
        for index in range(LINES)
    ]
    lines[10]["name"] = "4"
    file.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    command = [sys.executable, "-c", IMPORTING, str(file)]
    variables = {**os.environ, **environment}

    for batches in (1, 3):
        with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(batches):
                assert process.stdout.readline()
            process.kill()
    last = subprocess.run(command, env=variables, capture_output=True, text=True, check=True, timeout=60)

    assert last.stdout.splitlines()[-1] == f"accepted {LINES - 1} rejected 1"
    with database.read() as connection:
        for model in (Account, NaturalPerson, AccountLookup):
            assert connection.scalar(select(func.count()).select_from(model)) == LINES - 1
