"""Refusals of accounts. Their texts never hold a value that was typed, so that they may be shown, logged and kept.

UserError ├── AccountRefused   an account cannot be opened like this; ``problems`` has every fault, the first is the
error's own text │ └── AccountTaken for what another account has already ├── AccountUnknown   no account has this id or
username ├── AccountHeld   a legal hold keeps the account as it is └── ImportRefused    a file cannot be imported now,
for a reason that lies in none of its lines
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field

from idp.foundation.errors import UserError
from idp.foundation.translation import marked


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: the field it is in (None for the whole) and a translatable sentence with its ``%(name)s`` values."""

    field: str | None
    message: str
    values: Mapping[str, str] = dataclass_field(default_factory=dict)

    def __str__(self) -> str:
        return self.message % self.values if self.values else self.message


class AccountRefused(UserError):
    """The account cannot be opened. ``field`` and ``message`` are those of the first problem."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        super().__init__(first.message, field=first.field, **first.values)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return " ".join(f"{problem.field}: {problem}" if problem.field else str(problem) for problem in self.problems)


class AccountTaken(AccountRefused):
    """The account cannot be opened because of what another one, or its human, has already."""


class AccountUnknown(UserError):
    """There is no such account."""

    def __init__(self) -> None:
        super().__init__(marked("There is no such account."), field="account")


class AccountHeld(UserError):
    """Everything of the account has to be kept as it is."""

    def __init__(self) -> None:
        super().__init__(marked("A legal hold is in force on this account. It has to end first."), field="account")


class ImportRefused(UserError):
    """The file cannot be imported."""
