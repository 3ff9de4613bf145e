"""The provider as the demonstration uses it: the ``idp`` command with its own database and keys, seen from outside."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from clients.launcher.stopped import Stopped

ROOT = Path(__file__).resolve().parent.parent.parent
USUAL_PORT = 8000
CONSOLE_OFFSET = 4


class Provider:
    """The ``idp`` command on the demonstration's own database and keys."""

    def __init__(self, port: int) -> None:
        """Every port has a state of its own, so that two demonstrations do not disturb each other."""
        usual = port == USUAL_PORT
        self.folder = ROOT / "var" if usual else ROOT / "var" / str(port)
        self.database = self.folder / "idp.sqlite3"
        self.issuer = f"http://localhost:{port}"
        self.console_port = port + CONSOLE_OFFSET
        self.console = f"http://localhost:{self.console_port}"
        self.command = [str(Path(sys.executable).with_name("idp"))]
        self._settings = {
            "IDP_ENVIRONMENT": "development",
            "IDP_ISSUER": self.issuer,
            "IDP_DATABASE_URL": f"sqlite:///{self.database}",
            "IDP_CONSOLE_ORIGIN": self.console,
            # The officers below have authenticator apps; production asks for passkeys and refuses this.
            "IDP_OFFICER_ACR": "urn:idp:acr:aal2",
            # Letters to officers and owners of accounts are files that mail programs open.
            "IDP_SMTP_URL": (self.folder / "mail").as_uri(),
            "IDP_KEYS_DIR": str(ROOT / "keys" / ("development" if usual else f"development-{port}")),
        }
        self.environment = {**os.environ, **self._settings}

    def write_environment(self) -> Path:
        """Write what a shell reads to use the ``idp`` command on this provider, and return where."""
        file = self.folder / "environment"
        lines = [f"export {name}={shlex.quote(value)}" for name, value in self._settings.items()]
        lines.append(f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"')
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return file

    def run(self, *arguments: str, given: str = "") -> None:
        """Run a subcommand to its end. Raises Stopped with what it said."""
        finished = self.ask(*arguments, given=given)
        if finished.returncode:
            said = finished.stderr.strip() or finished.stdout.strip()
            raise Stopped(f"idp {' '.join(arguments[:2])} failed (status {finished.returncode}):\n{said}")

    def ask(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a subcommand and return how it went."""
        command = [*self.command, *arguments]
        try:
            return subprocess.run(  # noqa: S603 - our own command
                command, env=self.environment, cwd=ROOT, input=given, capture_output=True, text=True, check=False
            )
        except FileNotFoundError:
            raise Stopped("the idp command is not installed beside this Python: run `make install`") from None
