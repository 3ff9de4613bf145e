"""What a job is: a name, how often it runs, and what it does with the services. Jobs may run on every node at once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Job:
    """Work that comes round. ``run`` gets the services that ``wiring`` built and returns how much it did."""

    name: str
    every: timedelta
    run: Callable[[Any], int]
