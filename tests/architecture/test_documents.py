"""Pages that cannot rot: generated ones are current, and what the hand-written ones name exists."""

import re
import subprocess
import sys
import tomllib

import click

from idp.commands.program import idp as idp_command
from tests.architecture.tree import ROOT, files, name_of

_DECISIONS = ROOT / "docs" / "decisions"
_SPECIFICATIONS = ROOT / "docs" / "specifications.md"
_RULES = re.compile(r"\b[Rr]ules?\s+([SPOAH]\d{1,2}(?:(?:,|\s+and|,\s+and)\s+[SPOAH]\d{1,2}\b)*)")
_SECTIONS = ("## Context", "## Decision", "## Consequences")


def test_generated_pages_are_current():
    result = subprocess.run(
        [sys.executable, ".ci/documents.py", "--check"], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr


def test_readme_maps_the_house_as_it_is():
    readme = ROOT / "README.md"
    if not readme.is_file():
        return
    text = readme.read_text(encoding="utf-8")
    top = {path.relative_to(ROOT).parts[0] for path in files() if len(path.relative_to(ROOT).parts) > 1}
    packages = {path.parent.name for path in files() if path.match("idp/*/__init__.py")}
    expected = {f"{name}/" for name in (top | packages) if not name.startswith(".")}
    absent = sorted(name for name in expected if name not in text)
    assert not absent, f"add these folders to the map of the house in README.md, each with what it is for: {absent}"


def test_folders_named_in_readme_exist():
    readme = ROOT / "README.md"
    if not readme.is_file():
        return
    pattern = r"(?<![\w/.:-])(?:idp|clients|templates|migrations|tests|keys|docs|\.ci)/[\w./-]*"
    named = set(re.findall(pattern, readme.read_text(encoding="utf-8")))
    gone = sorted(name for name in named if not (ROOT / name.rstrip(".")).exists())
    assert not gone, f"README.md speaks of what is not there; correct it: {gone}"


def test_commands_in_documents_are_those_there_are():
    wrong = [
        f"{name_of(path)}: {written}: {fault}"
        for path in files()
        if path.suffix == ".md" and path.name != "CHANGELOG.md"
        for written in _written_commands(path.read_text(encoding="utf-8"))
        if (fault := _fault_of(written))
    ]
    assert not wrong, f"correct these commands, or add what they use: {wrong}"


def _written_commands(text: str) -> list[str]:
    """Return each ``idp …`` of a page, in a line of its own or between backquotes, up to where a shell ends it."""
    found = re.findall(r"`(idp [a-z][^`]*)`", text) + re.findall(r"^ +(idp [a-z].*)$", text, re.MULTILINE)
    return [re.split(r"[#|>;]| && ", " ".join(one.split()))[0].strip() for one in found]


def _fault_of(written: str) -> str | None:
    words, command = written.split()[1:], idp_command
    context = click.Context(command)
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        name = words.pop(0).rstrip(",.")
        found = command.get_command(context, name)
        if found is None:
            # A group is named with its members: `idp session …`.
            return None if name == "…" else f"there is no {name}"
        command = found
    given = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", written)) - {"--help"}
    options = [one for one in command.params if isinstance(one, click.Option)]
    unknown = given - {name for one in options for name in one.opts}
    if unknown:
        return f"there is no {sorted(unknown)}"
    # Who names a command in passing writes no argument after it.
    is_whole = bool(words) and not words[0].startswith("-")
    missing = [one.opts[0] for one in options if one.required and is_whole and not given & set(one.opts)]
    return f"it needs {missing}" if missing else None


def test_modules_and_tests_named_in_specifications_exist():
    named = set(re.findall(r"`((?:idp|clients|tests)/[\w./-]+)`", _SPECIFICATIONS.read_text(encoding="utf-8")))
    gone = sorted(name for name in named if not (ROOT / name).exists())
    assert not gone, f"docs/specifications.md names what is not there; correct its row or add the file: {gone}"


def test_every_rule_that_the_code_names_can_be_read_up():
    rules = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^- \*\*([A-Z]\d+) ", rules, re.MULTILINE))
    named: dict[str, str] = {}
    for path in files():
        if path.suffix in {".py", ".md", ".html"} and path.name != "rules.md":
            for group in _RULES.findall(path.read_text(encoding="utf-8")):
                named |= dict.fromkeys(re.findall(r"[A-Z]\d+", group), name_of(path))
    absent = {rule: name for rule, name in named.items() if rule not in explained}
    assert not absent, f"say in docs/rules.md what these ask: {absent}"


def test_tests_beside_the_modules_of_the_conformance_suite_exist():
    text = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(tests/[\w./-]+)::(test_\w+)`", text))
    assert named, "docs/conformance.md says which test stands beside each module of the suite"
    gone = sorted(f"{path}::{name}" for path, name in named if not _has_test(path, name))
    assert not gone, f"docs/conformance.md names tests that are not there; correct its rows: {gone}"


def _has_test(path: str, name: str) -> bool:
    file = ROOT / path
    return (
        file.is_file() and re.search(rf"^\s*def {name}\(", file.read_text(encoding="utf-8"), re.MULTILINE) is not None
    )


def test_decisions_are_numbered_without_gaps_and_complete():
    records = sorted(_DECISIONS.glob("[0-9]*.md"))
    numbers = [path.name[:4] for path in records]
    assert numbers == [f"{number:04}" for number in range(1, len(records) + 1)], "renumber the later record"
    incomplete = [
        name_of(path)
        for path in records
        if not all(section in path.read_text(encoding="utf-8") for section in _SECTIONS)
    ]
    assert not incomplete, f"give these records the sections {_SECTIONS}: {incomplete}"


def test_changelog_knows_the_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    headings = re.findall(r"^## (?:\[)?([^\]\s]+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert version in headings or headings[:1] == ["Unreleased"], f"add a section '## {version}' to CHANGELOG.md"


def test_makefile_describes_every_target():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z]+):(?!=)(.*)$", makefile, re.MULTILINE)
    silent = [name for name, rest in targets if "##" not in rest]
    assert not silent, f"end the target's line with ## and what it does, for `make help`: {silent}"
