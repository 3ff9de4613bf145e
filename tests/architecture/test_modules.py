"""Modules are small, say what they decide, and are named for it."""

import re
import statistics

from tests.architecture.tree import PACKAGE, docstring_of, name_of, python_files

LONGEST = 400
_BANNED = {"base", "common", "helper", "helpers", "misc", "util", "utils"}
_SPECIFICATION = re.compile(
    r"RFC ?\d{4}|§|OpenID|OIDC|FAPI|Back-Channel Logout|RP-Initiated|Form Post|Discovery|JARM|FIPS|NIST|ASVS"
)


def test_no_module_is_longer_than_400_lines(record_property):
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}
    record_property("median_module_lines", statistics.median(lengths.values()))
    long = [f"{name_of(path)}: {lines}" for path, lines in lengths.items() if lines > LONGEST]
    assert not long, f"split these by thing, not by kind, into modules under {LONGEST} lines: {long}"


def test_median_module_of_the_product_is_about_a_hundred_lines(record_property):
    lengths = [len(path.read_text(encoding="utf-8").splitlines()) for path in python_files("idp")]
    median = statistics.median(lengths) if lengths else 0
    record_property("median_module_lines_of_idp", median)
    assert median <= 150, f"the median module has {median} lines; modules are growing into collections, split some"


def test_every_module_says_what_it_decides():
    silent = [name_of(path) for path in python_files() if path.read_text(encoding="utf-8") and not docstring_of(path)]
    assert not silent, (
        f"give these a docstring: two or three sentences, what is decided there and by which spec: {silent}"
    )


def test_every_package_of_the_product_introduces_itself():
    packages = [path for path in python_files("idp") if path.name == "__init__.py"]
    silent = [name_of(path) for path in packages if not docstring_of(path)]
    assert not silent, f"say in each package's docstring its purpose, words, entry point and invariants: {silent}"


def test_every_package_of_the_product_has_an_init():
    folders = {path.parent for path in python_files("idp")}
    missing = [name_of(folder) for folder in folders if not (folder / "__init__.py").is_file()]
    assert not missing, f"add an __init__.py with a docstring, else import-linter and the wheel do not see: {missing}"


def test_protocol_modules_name_their_specification():
    modules = [path for path in python_files("idp") if path.is_relative_to(PACKAGE / "protocol")]
    silent = [name_of(path) for path in modules if not _SPECIFICATION.search(docstring_of(path))]
    assert not silent, f"name the spec and section in these docstrings, as in 'RFC 7636 §4.6': {silent}"


def test_no_module_is_a_drawer_for_odds_and_ends():
    named = [path for path in python_files() if path.stem in _BANNED or path.parent.name in _BANNED]
    assert not named, f"name these after the thing they hold, or move each function to it: {[*map(name_of, named)]}"
