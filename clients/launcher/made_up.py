"""MadeUp that the demonstration makes up once, and how far its first start came, in ``demo.json`` for the owner only.

They are written before anything uses them, so that a start that died half way is simply started again.
"""

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pyotp

from clients.launcher.cast import ACCOUNTS, SITES


@dataclass
class MadeUp:
    """What the demonstration made up for itself, and how far its first start came."""

    file: Path
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    totp: dict[str, str] = field(default_factory=dict, repr=False)
    clients: dict[str, str] = field(default_factory=dict, repr=False)
    done: list[str] = field(default_factory=list)

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read the file, or make what is missing and write it before anything uses it."""
        members: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        made = cls(file, **members)
        for account in ACCOUNTS:
            made.passwords.setdefault(account.username, "-".join(_letters(4) for _ in range(4)))
            if account.has_second_factor:
                made.totp.setdefault(account.username, pyotp.random_base32())
        for site in SITES:
            made.clients.setdefault(site.client_id, secrets.token_urlsafe(32))
        made.save()
        return made

    def save(self) -> None:
        """Write all or nothing, readable by the owner only."""
        members = {name: getattr(self, name) for name in ("passwords", "totp", "clients", "done")}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        new = self.file.with_suffix(".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as output:
            json.dump(members, output, ensure_ascii=False, indent=2)
        new.replace(self.file)

    def mark(self, step: str) -> None:
        """Remember a step that need not be done again."""
        self.done.append(step)
        self.save()

    def code(self, username: str) -> str:
        """Return the authenticator code of this moment."""
        return pyotp.TOTP(self.totp[username]).now() if username in self.totp else "-"


def _letters(count: int) -> str:
    """Return letters that nobody confuses when copying them by hand."""
    return "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz") for _ in range(count))
