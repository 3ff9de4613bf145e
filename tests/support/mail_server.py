"""A mail server on loopback that behaves as it is told: takes letters, refuses, hangs, drips or breaks off at a
command. Written from RFC 5321, RFC 3207 and RFC 4954.
"""

import base64
import email
import email.policy
import socket
import ssl
import threading
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from typing import BinaryIO, cast

from tests.support.certificates import make_certificate

HOST = "localhost"
_USUAL = {
    "BANNER": "220 mail.example ESMTP",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go on",
    ".": "250 2.0.0 taken",
    "NOOP": "250 ok",
    "RSET": "250 ok",
    "QUIT": "221 bye",
    "AUTH": "235 2.7.0 welcome",
    "STARTTLS": "220 go on",
}


def make_context(folder: Path, name: str = HOST) -> tuple[ssl.SSLContext, Path]:
    """Return the context of a server of this name, and the file of the authority that vouches for it: itself."""
    public, private = make_certificate(folder, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public


class MailServer:
    """Keeps what it took in ``letters``. ``answers`` replaces the reply to a command (BANNER and . are commands here);
    it hangs, drips or breaks off when one of those commands comes, the last also after it has taken a letter (".").
    """

    def __init__(self, tls: ssl.SSLContext | None = None, *, tls_from_the_start: bool = False) -> None:
        self.answers: dict[str, str] = {}
        self.refused_recipients: dict[str, str] = {}
        self.hangs_at: set[str] = set()
        self.drips_at: set[str] = set()
        self.breaks_at: set[str] = set()
        self.user: tuple[str, str] | None = None
        self.letters: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.commands: list[str] = []
        self.connections = 0
        self.most_at_once = 0
        self.release = threading.Event()
        self._at_once = 0
        self.tls = tls
        self._tls_from_the_start = tls_from_the_start
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.release.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with self._lock:
            self.connections += 1
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if self.tls is not None and self._tls_from_the_start:
                connection = self.tls.wrap_socket(connection, server_side=True)
            session = _Session(self, connection, self.tls, is_protected=self._tls_from_the_start)
            try:
                session.run()
            finally:
                session.close()
        except (OSError, EOFError):
            pass
        finally:
            with self._lock:
                self._at_once -= 1
            connection.close()


class _Session:
    def __init__(
        self, server: MailServer, connection: socket.socket, tls: ssl.SSLContext | None, *, is_protected: bool
    ) -> None:
        self._server = server
        self._connection = connection
        self._tls = tls
        self._is_protected = is_protected
        self._recipients: list[str] = []
        self._file = self._opened()

    def _opened(self) -> BinaryIO:
        return cast("BinaryIO", self._connection.makefile("rb"))

    def close(self) -> None:
        self._file.close()
        self._connection.close()

    def run(self) -> None:
        self._answer("BANNER")
        while line := self._file.readline():
            text = line.decode().strip()
            verb = text.split(" ", 1)[0].upper()
            self._server.commands.append(verb)
            if verb in {"EHLO", "HELO"}:
                self._say("250-mail.example\r\n" + self._offers())
            elif verb == "STARTTLS":
                self._protect()
            elif verb == "AUTH":
                self._authenticate(text)
            elif verb == "RCPT":
                self._recipient(text)
            elif verb == "DATA":
                self._data()
            else:
                self._answer(verb)
            if verb == "QUIT":
                return

    def _offers(self) -> str:
        offered = ["250-8BITMIME"]
        if self._tls is not None and not self._is_protected:
            offered.append("250-STARTTLS")
        if self._server.user is not None and self._is_protected:
            offered.append("250-AUTH PLAIN")
        return "\r\n".join([*offered, "250 SIZE 1000000"])

    def _protect(self) -> None:
        self._answer("STARTTLS")
        if self._tls is not None:
            self._file.close()
            self._connection = self._tls.wrap_socket(self._connection, server_side=True)
            self._is_protected = True
            self._file = self._opened()

    def _authenticate(self, text: str) -> None:
        _, user, password = base64.b64decode(text.split(" ")[2]).decode().split("\0")
        is_known = (user, password) == self._server.user
        self._answer("AUTH") if is_known else self._say("535 5.7.8 no: " + user)

    def _recipient(self, text: str) -> None:
        address = text.partition("<")[2].partition(">")[0]
        refusal = self._server.refused_recipients.get(address)
        if refusal is None:
            self._recipients.append(address)
        self._answer("RCPT") if refusal is None else self._say(refusal)

    def _data(self) -> None:
        self._answer("DATA")
        lines: list[bytes] = []
        while (line := self._file.readline()) != b".\r\n":
            if not line:
                raise EOFError
            lines.append(line.removeprefix(b"."))
        if self._server.answers.get(".", "250").startswith("250") and "." not in self._server.hangs_at:
            letter = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
            self._server.letters.append(letter)
            self._server.recipients += self._recipients
        self._answer(".")

    def _answer(self, verb: str) -> None:
        server = self._server
        if verb in server.hangs_at:
            server.release.wait(30)
        if verb in server.breaks_at:
            raise EOFError
        while verb in server.drips_at and not server.release.wait(0.2):
            self._connection.sendall(b"250-a little more\r\n")
        self._say(server.answers.get(verb) or _USUAL.get(verb, "500 what?"))

    def _say(self, text: str) -> None:
        self._connection.sendall(text.encode() + b"\r\n")
