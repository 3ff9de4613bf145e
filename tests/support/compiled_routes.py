"""Routes compiled once a worker: each test has applications of its own, and each application over a hundred routes.

What werkzeug compiles for a route without defaults builds its addresses, and depends on nothing but the route's text. A
pytest plugin.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

compiled: dict[Any, Callable[..., tuple[str, str]]] = {}


class RuleCompiledOnce(Rule):
    """A route that asks whether another of the same text was compiled before."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        if self.defaults:
            return super()._compile_builder(append_unknown)
        key = (self.rule, tuple(self._trace), append_unknown)
        if key not in compiled:
            compiled[key] = super()._compile_builder(append_unknown)
        return compiled[key]


@pytest.fixture(scope="session", autouse=True)
def _compiled_routes() -> Iterator[None]:
    usual = Flask.url_rule_class
    Flask.url_rule_class = RuleCompiledOnce
    yield
    Flask.url_rule_class = usual
