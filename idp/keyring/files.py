"""The folder of key files (IDP_KEYS_DIR): who may read it, how a file gets into it whole, and which deployment it
belongs to.

Every file is 0600 in folders of 0700, written to a temporary name, synced and linked into place, so that a reader sees
all of it or nothing. A folder made in development carries a marker and is refused everywhere else (rule O1). Knows
nothing of cryptography.
"""

import fcntl
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from idp.foundation.errors import ConfigurationError

MARKER = "DEVELOPMENT"
_MARKER_TEXT = b"These keys were made in development. No other deployment accepts them.\n"
_FILE_MODE = 0o600
_FOLDER_MODE = 0o700
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyFolder:
    """Reads and writes whole private files below one folder. Names are relative, such as ``signing/<kid>.pem``."""

    def __init__(self, path: Path, *, is_development: bool) -> None:
        self.path = path
        self._is_development = is_development

    def prepare(self) -> None:
        """Make the folder, and mark it in development. Raises ConfigurationError if it must not be used here."""
        for folder in (self.path, self.path / "master", self.path / "signing"):
            try:
                folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            except OSError as error:
                raise ConfigurationError(f"IDP_KEYS_DIR: cannot make {folder}: {error.strerror}.") from None
            self._refuse_if_open_to_others(folder, folder.stat().st_mode, "chmod 700")
        if self._is_development:
            if not self.names("master", ".key"):
                self.write(MARKER, _MARKER_TEXT)
        elif self.has(MARKER):
            raise ConfigurationError(
                f"IDP_KEYS_DIR: {self.path} holds keys that were made in development, which others may know. "
                "Name an empty folder: keys are made at the first start."
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one process at a time make keys in this folder."""
        try:
            descriptor = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
        except OSError as error:
            raise ConfigurationError(f"IDP_KEYS_DIR: cannot write in {self.path}: {error.strerror}.") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def has(self, name: str) -> bool:
        """Tell whether there is such a file. Raises ConfigurationError when this user may not look."""
        path = self.path / name
        try:
            return path.exists()
        except OSError as error:
            raise ConfigurationError(f"IDP_KEYS_DIR: cannot look at {path}: {error.strerror}.") from None

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, None if there is none. Raises ConfigurationError if others may read it."""
        path = self.path / name
        try:
            with path.open("rb") as file:
                self._refuse_if_open_to_others(path, os.fstat(file.fileno()).st_mode, "chmod 600")
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigurationError(f"IDP_KEYS_DIR: cannot read {path}: {error.strerror}.") from None

    def write(self, name: str, content: bytes) -> None:
        """Put a file in place, whole and on disk, replacing what was there. Raises ConfigurationError."""
        path = self.path / name
        draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            with suppress(FileNotFoundError):
                draft.unlink()
            _write_private(draft, content)
            draft.replace(path)
            _sync_folder(path.parent)
        except OSError as error:
            raise ConfigurationError(f"IDP_KEYS_DIR: cannot write {path}: {error.strerror}.") from None

    def remove(self, name: str) -> bool:
        """Remove a file, and return whether it was there. Raises ConfigurationError."""
        path = self.path / name
        try:
            path.unlink()
            _sync_folder(path.parent)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise ConfigurationError(f"IDP_KEYS_DIR: cannot remove {path}: {error.strerror}.") from None
        return True

    def names(self, folder: str, suffix: str) -> tuple[str, ...]:
        """Return the names without suffix of the files in a folder, sorted."""
        return tuple(sorted(path.name.removesuffix(suffix) for path in (self.path / folder).glob(f"[!.]*{suffix}")))

    def _refuse_if_open_to_others(self, path: Path, mode: int, remedy: str) -> None:
        if mode & _OTHERS and not self._is_development:
            raise ConfigurationError(
                f"IDP_KEYS_DIR: {path} is open to other users of this machine. Run: {remedy} {path}"
            )


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
