"""Changing the master key: a new one is used at once, everything is brought under it, and the old one is destroyed
last.

Each step is recorded and raises the version of the key set, so that every process looks at the folder again before it
encrypts anything more. An old key is destroyed only when no private key, no column and no MAC stands under it.
"""

from collections.abc import Sequence

from idp.audit.events import Event
from idp.audit.service import Audit
from idp.foundation.database import Database
from idp.foundation.errors import ConfigurationError
from idp.keyring.errors import KeyUnknown
from idp.keyring.events import ColumnReencrypted, CurrentMaster, MasterKeyMade, MasterKeyRemoved
from idp.keyring.masters import MasterKeys
from idp.keyring.reencryption import EncryptedColumn, KeyIdColumn, Progress, Reencrypted, Reencryption
from idp.keyring.signing_files import SigningFiles
from idp.keyring.store import KeyStore


class MasterChange:
    """The steps of a change of the master key."""

    def __init__(
        self,
        database: Database,
        audit: Audit,
        *,
        masters: MasterKeys,
        files: SigningFiles,
        reencryption: Reencryption,
        store: KeyStore,
    ) -> None:
        self._database = database
        self._audit = audit
        self._masters = masters
        self._files = files
        self._reencryption = reencryption
        self._store = store

    def make(self, actor: str) -> str:
        """Make a master key, use it from now on, and return its id."""
        former = CurrentMaster(kid=self._masters.current)
        kid = self._masters.make_next()
        self._announce(MasterKeyMade(kid=kid, actor=actor, before=former, after=CurrentMaster(kid=kid)))
        return kid

    def reencrypt(
        self, columns: Sequence[EncryptedColumn], batch: int, progress: Progress, actor: str
    ) -> tuple[Reencrypted, ...]:
        """Bring private keys and columns under the current master key."""
        self._masters.reload()
        current = self._masters.current
        self._files.rewrap()
        results = self._reencryption.run(columns, current, batch, progress)
        worked = [result for result in results if result.rows or result.failed]
        if worked:
            self._audit.record(
                *(
                    ColumnReencrypted(column=one.name, kid=current, rows=one.rows, failed=one.failed, actor=actor)
                    for one in worked
                )
            )
        return results

    def remove(self, kid: str, columns: Sequence[EncryptedColumn], named_in: Sequence[KeyIdColumn], actor: str) -> None:
        """Destroy a former master key. Raises KeyUnknown, and ConfigurationError while anything stands under it."""
        if kid not in self._masters.kids():
            raise KeyUnknown("no such master key")
        if kid == self._masters.current:
            raise ConfigurationError(f"Master key {kid} is the current one. Make another one first.")
        left = self._files.under(kid) + sum(self._reencryption.under(one, kid) for one in columns)
        if left:
            raise ConfigurationError(f"Master key {kid} still holds {left} values. Run: idp key reencrypt")
        named = sum(self._reencryption.named(one, kid) for one in named_in)
        if named:
            raise ConfigurationError(
                f"Master key {kid} is still needed to check {named} rows that are renewed when used."
            )
        self._masters.remove(kid)
        self._announce(MasterKeyRemoved(kid=kid, actor=actor))

    def _announce(self, event: Event) -> None:
        with self._database.transaction() as connection:
            self._store.lock(connection)
            self._audit.record(event)
