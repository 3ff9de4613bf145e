"""What must never be committed: secrets, addresses of package indexes, and paths of somebody's machine."""

import re
import subprocess
import sys
from urllib.parse import urlsplit

from tests.architecture.tree import ROOT, files, name_of

_TEXT_LIMIT = 2_000_000
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}")
_PRIVATE_JWK = re.compile(r'"d"\s*:\s*"[A-Za-z0-9_-]{40,}"')
_INDEX_OPTION = re.compile(r"--(?:extra-)?index-url|--find-links|--trusted-host")
# Written in two halves so that this file is not its own first finding.
_PUBLIC_INDEXES = ["pypi" + ".org", "pythonhosted" + ".org", "registry.npmjs" + ".org"]
# Folders in which people commonly keep a clone, and which texts may therefore name.
_ORDINARY = {"/", "/tmp", "/home", "/root", "/srv", "/opt", "/usr", "/var"}


def _texts():
    for path in files():
        if path.stat().st_size < _TEXT_LIMIT and path.suffix not in {".png", ".woff2", ".ico", ".gz"}:
            yield path, path.read_text(encoding="utf-8", errors="replace")


def _containing(needles):
    return [f"{name_of(path)}: {needle}" for path, text in _texts() for needle in needles if needle in text]


def test_no_private_key_is_tracked():
    """ASVS-13.3.1: keys are made by a first run, in keys/, which git ignores."""
    found = [name_of(path) for path, text in _texts() if _PRIVATE_KEY.search(text) or _PRIVATE_JWK.search(text)]
    assert not found, f"remove these keys and treat them as compromised; tests make their own: {found}"


def test_keys_folder_holds_only_its_page_and_its_ignore_rules():
    inside = {name_of(path) for path in files() if path.is_relative_to(ROOT / "keys")}
    assert inside <= {"keys/README.md", "keys/.gitignore"}, "keys are never committed; see keys/README.md"


def test_no_package_index_is_named():
    """The lock is good on any index because it holds hashes; which index is used is the machine's business."""
    configured = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=False, capture_output=True, text=True
    ).stdout
    addresses = re.findall(r"https?://[^\s'\",]+", configured)
    hosts = {host for address in addresses if (host := urlsplit(address).hostname) and host != "localhost"}
    found = _containing([*_PUBLIC_INDEXES, *sorted(hosts)])
    assert not found, f"take the address out; pip and npm are configured by the machine they run on: {found}"


def test_lock_file_gives_no_index_options():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not _INDEX_OPTION.search(text), "make it again with `make lock`, which leaves addresses out"
    assert "://" not in text, "the lock names an address; make it again with `make lock`"


def test_no_path_of_this_machine_is_written_down():
    parent = ROOT.parent.as_posix()
    needles = [f"{ROOT.as_posix()}/"] + ([] if parent in _ORDINARY else [f"{parent}/"])
    found = _containing(needles)
    assert not found, f"name these relative to the top of the tree; they exist on this machine only: {found}"
