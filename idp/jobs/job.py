"""What a job is: a name, how often it runs, and what it does with the services. Jobs may run on every node at once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from idp.wiring import Services


@dataclass(frozen=True, slots=True)
class Job:
    """Work that comes round. ``run`` returns how much it did."""

    name: str
    every: timedelta
    run: Callable[[Services], int]
