"""The quick starts of the kit's README are ten lines at most, and those for Flask work as they stand."""

import re

import pytest
from flask import Flask

from tests.kit.provider import CLIENT_SECRET, Provider
from tests.kit.visitor import Visitor
from tests.support.serving import ROOT

README = (ROOT / "clients" / "kit" / "README.md").read_text(encoding="utf-8")


def quick_start(heading: str) -> str:
    found = re.search(rf"^## {heading}\n+```python\n(.*?)```", README, re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


@pytest.mark.parametrize("heading", ["Flask", "Django"])
def test_quick_start_is_ten_lines(heading: str) -> None:
    lines = [line for line in quick_start(heading).splitlines() if line and not line.startswith("#")]
    assert len(lines) <= 10


def test_quick_start_for_flask_signs_a_person_in(provider: Provider, kit_site, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {
        "ISSUER": provider.issuer,
        "CLIENT_ID": "tax",
        "CLIENT_SECRET": CLIENT_SECRET,
        "ORIGIN": kit_site.origin,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    names: dict[str, object] = {"__name__": "quick_start"}
    exec(quick_start("Flask"), names)  # noqa: S102 - our own text
    assert isinstance(names["app"], Flask)
    kit_site.application = names["app"]
    visitor = Visitor(kit_site.origin)
    assert visitor.sign_in(provider, "/records").location == "/records"
    assert visitor.get("/records").text == "Hello 张三"


def test_quick_start_of_the_project_is_an_application() -> None:
    found = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found
    names: dict[str, object] = {"__name__": "quick_start", "SECRET": CLIENT_SECRET}
    exec(found[1], names)  # noqa: S102 - our own text
    assert isinstance(names["app"], Flask)
