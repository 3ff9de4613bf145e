"""The accounts of one deployment on its own database, with the keys and the audit that really belong to it."""

from collections.abc import Iterator

import pytest

from idp.accounts.service import Accounts
from idp.audit.service import Audit
from idp.foundation.database import Database
from idp.keyring.service import Keyring


@pytest.fixture
def database(settings) -> Iterator[Database]:
    database = Database(settings.database_url)
    yield database
    database.dispose()


@pytest.fixture
def audit(database, clock, entropy) -> Audit:
    return Audit(database, clock, entropy)


@pytest.fixture
def keyring(settings, database, clock, entropy, audit) -> Keyring:
    return Keyring.open(settings, database, clock, entropy, audit, algorithms=("ES256",))


@pytest.fixture
def accounts(database, clock, entropy, audit, keyring, settings) -> Accounts:
    return Accounts(database, clock, entropy, audit, keyring, environment=settings.environment)
