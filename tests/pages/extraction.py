"""Finds the texts for people in Python files: the first argument of a marking call, where it is one literal text.

Babel's own extractor takes every string it meets inside a call for a message; this one reads the syntax tree.
"""

import ast
from collections.abc import Iterator
from typing import IO, Any

CALLS = {"marked", "said", "gettext", "UserError"}


def extract(
    fileobj: IO[bytes],
    keywords: object,  # noqa: ARG001 - Babel calls with these names
    comment_tags: object,  # noqa: ARG001
    options: object,  # noqa: ARG001
) -> Iterator[tuple[int, str, str, list[Any]]]:
    """A Babel extraction method: yields line, function, message and comments."""
    for node in ast.walk(ast.parse(fileobj.read())):
        if isinstance(node, ast.Call) and node.args and _name(node.func) in CALLS:
            message = node.args[0]
            if isinstance(message, ast.Constant) and isinstance(message.value, str):
                yield node.lineno, "_", message.value, []


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
