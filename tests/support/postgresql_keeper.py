"""Keeps one private PostgreSQL alive for as long as whoever started it lives; run as a program, not imported.

It makes a cluster in the folder it is given, writes the file ``ready`` (or ``failed``, with the reason), and waits for
the end of its standard input. That end comes when the test run closes it or dies in whatever way; then the server is
stopped and the folder removed, so that nothing is ever left behind.
"""

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

# Durability costs time and this data is thrown away. No TCP: a socket in the private folder only.
_OPTIONS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "on",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "jit": "off",
    "log_min_messages": "warning",
    "timezone": "UTC",
}


def main(folder: Path, programs: Path) -> int:
    """Keep the cluster until standard input ends."""
    try:
        _start(folder, programs)
    except (OSError, subprocess.CalledProcessError) as error:
        output = getattr(error, "stdout", "") or ""
        _announce(folder, "failed", f"{error} {output}".strip())
    else:
        _announce(folder, "ready", "")
    sys.stdin.buffer.read()
    _run(programs / "pg_ctl", "stop", "-D", folder / "data", "-m", "immediate", check=False)
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _start(folder: Path, programs: Path) -> None:
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    data = folder / "data"
    _run(programs / "initdb", "-D", data, "-U", "idp", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    options = " ".join(f"-c {name}={value or chr(39) * 2}" for name, value in _OPTIONS.items())
    _run(programs / "pg_ctl", "start", "-D", data, "-w", "-l", folder / "log", "-o", f"-k {folder} {options}")


def _run(*command: Path | str, check: bool = True) -> None:
    become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run(
        [*become, *map(str, command)],
        check=check,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"},
    )


def _announce(folder: Path, name: str, text: str) -> None:
    unfinished = folder / f".{name}"
    unfinished.write_text(text, encoding="utf-8")
    unfinished.rename(folder / name)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
