"""Registration files: TOML or JSON with the names of RFC 7591, and ``${NAME}`` places that are filled in when it is
applied.

Places are filled after parsing, in values only, so that no value can add a member.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from idp.foundation.translation import said
from idp.registry.errors import RegistrationUnreadable
from idp.registry.rules import Problem

_PLACE = re.compile(r"\$\{([^}]*)\}")
_LARGEST_FILE = 256 * 1024


def read_registration(path: Path) -> dict[str, Any]:
    """Return the members of a file, by its suffix TOML or JSON. Raises RegistrationUnreadable."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise RegistrationUnreadable(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > _LARGEST_FILE:
        raise RegistrationUnreadable(f"{path}: is larger than {_LARGEST_FILE // 1024} KiB")
    try:
        return _members(data, is_json=path.suffix == ".json")
    except RegistrationUnreadable as error:
        raise RegistrationUnreadable(f"{path}: {error}") from None


def parse_registration(text: str) -> dict[str, Any]:
    """Return the members of a typed text: JSON if it begins like it, else TOML. Raises RegistrationUnreadable, also for
    a place: nothing fills it here.
    """
    members = _members(text.encode(), is_json=text.lstrip("\ufeff \t\r\n").startswith("{"))
    _, unfilled = substitute(members, {})
    if unfilled:
        raise RegistrationUnreadable(
            said("%(member)s: write what ${…} stands for in its place", member=unfilled[0].member)
        )
    return members


def _members(data: bytes, *, is_json: bool) -> dict[str, Any]:
    try:
        # Some editors put a byte order mark before the text.
        text = data.decode("utf-8-sig")
        members = orjson.loads(text) if is_json else tomllib.loads(text)
    except UnicodeDecodeError:
        raise RegistrationUnreadable(said("is not UTF-8; save it in that encoding")) from None
    except (orjson.JSONDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise RegistrationUnreadable(
            said("is not valid %(value)s: %(error)s", value="JSON" if is_json else "TOML", error=error)
        ) from None
    if not isinstance(members, dict):
        raise RegistrationUnreadable(said("must hold one registration, a table of members"))
    return members


def substitute(
    registration: Mapping[str, Any], values: Mapping[str, str]
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """Return the registration with its places filled, and a problem for each place that nothing was given for."""
    problems: list[Problem] = []

    def filled(value: Any, member: str) -> Any:  # noqa: ANN401 - walks any value of a file
        if isinstance(value, str):
            unfilled = [name for name in _PLACE.findall(value) if name not in values]
            problems.extend(
                Problem(member, said("needs ${%(name)s}; give it with --set %(name)s=…", name=name))
                for name in unfilled
            )
            return _PLACE.sub(lambda match: values.get(match.group(1), ""), value)
        if isinstance(value, list):
            return [filled(entry, member) for entry in value]
        if isinstance(value, Mapping):
            return {key: filled(entry, f"{member}.{key}" if member else str(key)) for key, entry in value.items()}
        return value

    return filled(registration, ""), tuple(problems)
